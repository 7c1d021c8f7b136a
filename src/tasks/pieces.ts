/** A piece of a source: never cut, or cut so that its beginning or its end is kept. */
export interface Piece {
  readonly text: string;
  readonly keeps: 'all' | 'beginning' | 'end';
}

/** The text that pieces make. */
export function textOf(pieces: readonly Piece[]): string {
  return pieces.map(({ text }) => text).join('');
}

/**
 * The text of pieces in at most `room` tokens. Whole words go, of the piece that has most tokens left, until it fits;
 * undefined where it does not with the pieces that are never cut and a word of each other one.
 */
export function fittedText(
  pieces: readonly Piece[],
  room: number,
  tokens: (text: string) => number,
): string | undefined {
  const whole = textOf(pieces);
  const least = pieces.reduce((sum, { text }) => sum + runsIn(text).length, 0); // a token each: long texts need no count
  if (least <= room && tokens(whole) <= room) return whole;
  const parts = pieces.map((piece) => cuttable(piece, room, tokens));
  for (;;) {
    const text = parts.map(keptOf).join('');
    let over = tokens(text) - room; // what is taken off is counted word by word, and then together
    if (over <= 0) return text;
    while (over > 0) {
      const longest = parts.reduce((most, part) => (leftIn(part) > leftIn(most) ? part : most));
      if (longest.runs.length < 2) return undefined;
      over -= longest.runs.pop()?.tokens ?? 0;
    }
  }
}

interface Run {
  readonly text: string;
  readonly tokens: number;
}

/** A piece as what may go, the last run first; none of a piece that is never cut. */
interface Cuttable extends Piece {
  readonly runs: Run[];
}

/** No more runs than fit: each has a token at least. */
function cuttable(piece: Piece, room: number, tokens: (text: string) => number): Cuttable {
  if (piece.keeps === 'all') return { ...piece, runs: [] };
  const all = runsIn(piece.text);
  const kept = (piece.keeps === 'end' ? all.reverse() : all).slice(0, room);
  return { ...piece, runs: kept.map((text) => ({ text, tokens: tokens(text) })) };
}

/** Words with the space before them; of one longer than any word, pieces. */
function runsIn(text: string): string[] {
  return text.match(/\s*\S{1,24}/gu) ?? [];
}

/** Tokens that may go yet. */
function leftIn({ runs }: Cuttable): number {
  return runs.slice(1).reduce((sum, { tokens }) => sum + tokens, 0);
}

function keptOf({ text, keeps, runs }: Cuttable): string {
  const texts = runs.map((run) => run.text);
  switch (keeps) {
    case 'all':
      return text;
    case 'beginning':
      return texts.join('');
    case 'end':
      return texts.reverse().join('').trimStart();
  }
}
