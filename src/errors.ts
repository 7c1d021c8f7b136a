/**
 * Bad input from the user: the message is one line that names the value and the remedy; the command line exits with
 * code 2.
 */
export class UserError extends Error {
  override readonly name = 'UserError';
}

/** The user stopped the work before its end; the command line exits with code 130. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/**
 * What the machine cannot do now, such as a full disk: one line that names it and the remedy; the command line exits
 * with code 1.
 */
export class MachineError extends Error {
  override readonly name = 'MachineError';
}
