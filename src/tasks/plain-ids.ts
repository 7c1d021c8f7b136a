import type { Tokenizer } from '../model/tokenizer';

/** Token ids of texts without those that a tokenizer puts around every one. */
export interface PlainIds {
  /** What it puts in front of every text. */
  readonly front: readonly number[];
  readonly of: (text: string) => readonly number[];
}

/** More tokens than any text has. */
const unlimited = 1 << 20;

export function plainIds(tokenizer: Tokenizer): PlainIds {
  const encode = (text: string): number[] => Array.from(tokenizer.encode({ text, pair: null }, unlimited).ids);
  const empty = encode('');
  // one token may stand in front and behind alike (OPT's </s>): where a text's own begin tells them apart
  const some = encode('a');
  const own = empty.findIndex((id, place) => some[place] !== id);
  const front = own === -1 ? empty : empty.slice(0, own);
  const behind = empty.length - front.length;
  return { front, of: (text) => encode(text).slice(front.length, behind === 0 ? undefined : -behind) };
}
