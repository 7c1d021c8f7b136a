import { UserError } from '../errors';
import type { Tokenizer } from './tokenizer';

/** A question and its answer, which stand before the one that is asked. */
export type Turn = readonly [question: string, answer: string];

/** Turns as chat models read them that mark these with <|im_start|> and <|im_end|>; a line break and the answer follow. */
export function chatText(question: string, turns: readonly Turn[] = []): string {
  const said = (who: string, text: string): string => `<|im_start|>${who}\n${text}<|im_end|>\n`;
  const before = turns.map(([asked, answer]) => said('user', asked) + said('assistant', answer)).join('');
  return `${before}${said('user', question)}<|im_start|>assistant`;
}

/** A question in that form, up to where the answer starts. */
export function chatPrompt(tokenizer: Tokenizer, question: string): string {
  if (tokenizer.idOf('<|im_start|>') === undefined)
    throw new UserError(
      'the model has no <|im_start|> token: it was not trained to chat in this form; leave --chat out',
    );
  return `${chatText(question)}\n`;
}
