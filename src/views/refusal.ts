import { UserError } from '../errors';

/** The message with which something is refused. Other errors go through, and where nothing is refused it says so. */
export async function refusalOf(action: () => unknown): Promise<string> {
  try {
    await action();
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
  return 'not refused';
}
