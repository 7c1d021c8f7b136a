/** Token ids of one example, special tokens included. */
export interface Sequence { readonly ids: ArrayLike<number>; readonly types: ArrayLike<number> }

/** The arrays of a packed batch; see `layout.ts` for rows and back. B sequences, grid length T, N rows. */
export interface PackedArrays {
  readonly batch: number;
  readonly length: number;
  /** `[N]`, 0 for prompt and filler rows */
  readonly ids: Int32Array;
  readonly types: Int32Array;
  /** `[N]`, position of the token in its own sequence, prompts not counted */
  readonly positions: Int32Array;
  /** `[N]`, index of the prompt vector that stands in this row, -1 for tokens */
  readonly prompts: Int32Array;
  /** `[N]`, sequence that a token row belongs to, -1 for prompt and filler rows */
  readonly sequences: Int32Array;
  readonly rows: Int32Array;
  /** `[B * T]` */
  readonly back: Int32Array;
  /** `[B * T]`, 1 where a key may be attended to */
  readonly keys: Float32Array;
  /** `[B]`, row of each sequence's first token */
  readonly first: Int32Array;
  /** `[B]`, row of each sequence's last token */
  readonly last: Int32Array;
}

/** @property length grid length T, prompt included @property size N, at least `rowsNeeded` @property prompt free slots before each sequence */
export interface Packing {
  readonly length: number;
  readonly size: number;
  readonly prompt: number;
  /** Where sequences stand in the grid: at its start, or all ending at its end (generation goes on from there). */
  readonly align?: 'start' | 'end';
}

/** The smallest N that holds the tokens: one filler row wherever the grid has padding. */
export function rowsNeeded(lengths: readonly number[], length: number): number {
  const real = lengths.reduce((a, b) => a + b, 0);
  return Math.min(real + 1, lengths.length * length);
}

/** Packs sequences into N rows, `prompt` free slots before each. With N = B T every grid position is its own row. */
export function packSequences(sequences: readonly Sequence[], { length, size, prompt, align }: Packing): PackedArrays {
  const batch = sequences.length;
  const arrays = emptyArrays(batch, length, size);
  const { ids, types, positions, prompts, sequences: owner, rows, back, keys, first, last } = arrays;
  const grid = size === batch * length;
  let row = 0;
  sequences.forEach((sequence, b) => {
    const used = sequence.ids.length + prompt;
    const start = b * length + (align === 'end' ? length - used : 0);
    if (grid) row = start;
    for (let t = 0; t < used; t++, row++) {
      const token = t - prompt;
      rows[row] = start + t;
      back[start + t] = row;
      keys[start + t] = 1;
      prompts[row] = token < 0 ? t : -1;
      if (token < 0) continue;
      if (token === 0) first[b] = row;
      ids[row] = sequence.ids[token] ?? 0;
      types[row] = sequence.types[token] ?? 0;
      positions[row] = token;
      owner[row] = b;
    }
    last[b] = row - 1;
  });
  if (grid) { for (let at = 0; at < size; at++) rows[at] = back[at] = at; } else fill(arrays, row, size);
  return arrays;
}

function emptyArrays(batch: number, length: number, size: number): PackedArrays {
  return {
    batch, length,
    ids: new Int32Array(size), types: new Int32Array(size), positions: new Int32Array(size),
    prompts: new Int32Array(size).fill(-1), sequences: new Int32Array(size).fill(-1),
    rows: new Int32Array(size), back: new Int32Array(batch * length), keys: new Float32Array(batch * length), first: new Int32Array(batch), last: new Int32Array(batch),
  };
}

/** Padded positions read the last row, filler rows read padded positions. */
function fill({ rows, back, keys }: PackedArrays, used: number, size: number): void {
  let row = used;
  for (let position = 0; position < back.length; position++) {
    if (keys[position] === 1) continue;
    back[position] = size - 1;
    if (row < size) rows[row++] = position;
  }
  if (used > size || row < size) throw new Error(`packSequences: ${used} tokens do not fit ${size} rows of a grid of ${back.length}`);
}
