import { createContext, Script, type Context } from 'node:vm';
import { UserError } from '../../errors';

/** A regular expression of a tokenizer divides the longest text in a moment; one that takes this long never ends. */
const MILLISECONDS = 3000;

const script = new Script('run()');
let context: Context | undefined;

/**
 * Runs a function whose regular expressions come from a file, and gives up where they backtrack without end.
 * Throws a UserError then.
 */
export function guarded<T>(run: () => T): T {
  context ??= createContext({});
  let result: { readonly value: T } | undefined;
  context['run'] = () => {
    result = { value: run() };
  };
  try {
    script.runInContext(context, { timeout: MILLISECONDS });
  } catch (error) {
    if ((error as { readonly code?: unknown }).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
    throw new UserError(
      `a regular expression of tokenizer.json did not end within ${MILLISECONDS / 1000} s on this text: choose another tokenizer`,
    );
  }
  if (result === undefined) throw new Error('guarded: no result');
  return result.value;
}
