/**
 * Bad input from the user: the message is one line that names the value and the remedy; the command line exits with
 * code 2.
 */
export class UserError extends Error {
  override readonly name = 'UserError';
}
