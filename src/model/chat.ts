import { UserError } from '../errors';
import type { Tokenizer } from './tokenizer';

/**
 * A question as chat models that mark turns with <|im_start|> and <|im_end|> read it, up to where the answer starts.
 */
export function chatPrompt(tokenizer: Tokenizer, question: string): string {
  if (tokenizer.idOf('<|im_start|>') === undefined)
    throw new UserError(
      'the model has no <|im_start|> token: it was not trained to chat in this form; leave --chat out',
    );
  return `<|im_start|>user\n${question}<|im_end|>\n<|im_start|>assistant\n`;
}
