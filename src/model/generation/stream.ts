import type { Tokenizer } from '../tokenizer';

/**
 * Takes token after token and hands on the text that they add; a character that is not complete yet waits for its last
 * token.
 */
export function textStream(
  tokenizer: Pick<Tokenizer, 'decode'>,
  write: (text: string) => void,
): (token: number) => void {
  const tokens: number[] = [];
  let written = '';
  return (token) => {
    tokens.push(token);
    const text = tokenizer.decode(tokens);
    if (text.endsWith('\uFFFD')) return;
    write(text.slice(written.length));
    written = text;
  };
}
