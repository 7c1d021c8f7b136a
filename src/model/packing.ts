import type { Grid } from './layout';

/** Token ids of one example, special tokens included. */
export interface Sequence {
  readonly ids: ArrayLike<number>;
  /** Segment of each token; 0 for all where left out. */
  readonly types?: ArrayLike<number>;
}

/** The arrays of a packed batch; see `layout.ts` for grids, rows and back. B sequences, N rows. */
export interface PackedArrays {
  readonly grids: readonly Grid[];
  /** `[N]`, 0 for prompt and filler rows */
  readonly ids: Int32Array;
  readonly types: Int32Array;
  /** `[N]`, position of the token in its own sequence, prompts not counted */
  readonly positions: Int32Array;
  /** `[N]`, index of the prompt vector that stands in this row, -1 for tokens */
  readonly prompts: Int32Array;
  /** `[N]`, sequence that a token row belongs to, -1 for prompt and filler rows */
  readonly sequences: Int32Array;
  /** `[N]`, position in the grids, one grid after another */
  readonly rows: Int32Array;
  /** `[N]`, position at which the sequence there starts */
  readonly starts: Int32Array;
  /** `[N]`, length of the grid there */
  readonly spans: Int32Array;
  /** `[cells]` */
  readonly back: Int32Array;
  /** `[cells]`, 1 where a key may be attended to */
  readonly keys: Float32Array;
  /** `[B]`, row of each sequence's first token */
  readonly first: Int32Array;
  /** `[B]`, row of each sequence's last token */
  readonly last: Int32Array;
}

/**
 * @property lengths of the grids, prompt included, which share the sequences out evenly and in order @property size N,
 * at least `rowsNeeded` @property prompt free slots before each sequence
 */
export interface Packing {
  readonly lengths: readonly number[];
  readonly size: number;
  readonly prompt: number;
  /** Where sequences stand in their grid: at its start, or all ending at its end (generation goes on from there). */
  readonly align?: 'start' | 'end';
}

/** As many grids as lengths for this many sequences. */
function gridsOf(batch: number, lengths: readonly number[]): readonly Grid[] {
  const size = batch / lengths.length;
  if (!Number.isInteger(size)) throw new Error(`${batch} sequences do not fill ${lengths.length} grids evenly`);
  return lengths.map((length) => ({ size, length }));
}

/** More grids save less and less padding, and each has small products of its own. */
const shares = 4;

/**
 * Lengths of the grids that fit all these batches, whose sequences stand in order of length: a quarter of them each,
 * padded to the longest
 * that it has in any batch, rounded up to a multiple of 8. One grid where that saves nothing.
 * @param batches tokens of each sequence, prompt included @param longest most that a grid needs to hold
 */
export function commonGrids(batches: readonly (readonly number[])[], longest: number): readonly number[] {
  const lengths = quarters(batches, longest);
  return lengths.every((length) => length === longest) ? [longest] : lengths;
}

/** The same without regard to what it saves: a source's grids beside those of its target. */
export function quarters(batches: readonly (readonly number[])[], longest: number): readonly number[] {
  const size = batches[0]?.length ?? 0;
  if (size % shares !== 0) return [longest];
  const share = size / shares;
  return Array.from({ length: shares }, (_, g) => {
    const most = Math.max(...batches.map((tokens) => Math.max(...tokens.slice(g * share, (g + 1) * share))));
    return Math.min(Math.ceil(most / 8) * 8, longest);
  });
}

/** The smallest N that holds the tokens: one filler row wherever the grids have padding. */
export function rowsNeeded(tokens: readonly number[], lengths: readonly number[]): number {
  return Math.min(tokens.reduce((a, b) => a + b, 0) + 1, cellsOf(gridsOf(tokens.length, lengths)));
}

function cellsOf(grids: readonly Grid[]): number {
  return grids.reduce((sum, { size, length }) => sum + size * length, 0);
}

/**
 * One N for all these batches, the most rows that any of them needs, rounded up to a multiple so that other batches
 * share it.
 */
export function commonRows(
  batches: readonly (readonly number[])[],
  lengths: readonly number[],
  multiple: number,
): number {
  const needed = Math.max(...batches.map((tokens) => rowsNeeded(tokens, lengths)));
  return Math.min(Math.ceil(needed / multiple) * multiple, cellsOf(gridsOf(batches[0]?.length ?? 0, lengths)));
}

/**
 * Packs sequences into N rows, `prompt` free slots before each. With N = B T, in one grid, every position is its own
 * row.
 */
export function packSequences(sequences: readonly Sequence[], { lengths, size, prompt, align }: Packing): PackedArrays {
  const grids = gridsOf(sequences.length, lengths);
  const arrays = emptyArrays(grids, size);
  const { ids, types, positions, prompts, sequences: owner, back, keys, first, last } = arrays;
  const full = grids.length === 1 && size === back.length;
  const stalls = stallsOf(grids);
  let row = 0;
  sequences.forEach((sequence, b) => {
    const stall = stalls[b] as Stall;
    const used = sequence.ids.length + prompt;
    const start = stall.start + (align === 'end' ? stall.span - used : 0);
    if (full) row = start;
    for (let t = 0; t < used; t++, row++) {
      const token = t - prompt;
      stand(arrays, row, stall, start + t);
      back[start + t] = row;
      keys[start + t] = 1;
      prompts[row] = token < 0 ? t : -1;
      if (token < 0) continue;
      if (token === 0) first[b] = row;
      ids[row] = sequence.ids[token] ?? 0;
      types[row] = sequence.types?.[token] ?? 0;
      positions[row] = token;
      owner[row] = b;
    }
    last[b] = row - 1;
  });
  fill(arrays, stalls, full ? undefined : row);
  return arrays;
}

/** A packed batch, which of its sequences those of a shard are, and the slots before each. */
export interface Whole {
  readonly packed: PackedArrays;
  readonly order: readonly number[];
  readonly prompt: number;
}

/** Rows of the whole batch, and the row there of each of a shard's; fillers stand nowhere. `[1 + N]` */
export function rowsInWhole(shard: PackedArrays, { packed, order, prompt }: Whole): Int32Array {
  const places = new Int32Array(1 + shard.rows.length);
  places[0] = packed.rows.length;
  order.forEach((sequence, b) => {
    const from = (shard.first[b] ?? 0) - prompt;
    const at = (packed.first[sequence] ?? 0) - prompt;
    for (let row = from; row <= (shard.last[b] ?? 0); row++) places[1 + row] = at + row - from;
  });
  return places;
}

/** One batch by itself: one grid of the longest sequence (or of `length`), and one filler row where it has padding. */
export function packTogether(
  sequences: readonly Sequence[],
  { prompt = 0, length, align }: Partial<Pick<Packing, 'prompt' | 'align'>> & { readonly length?: number } = {},
): PackedArrays {
  const used = sequences.map(({ ids }) => ids.length + prompt);
  const lengths = [length ?? Math.max(...used)];
  return packSequences(sequences, { lengths, size: rowsNeeded(used, lengths), prompt, ...(align && { align }) });
}

/** A sequence's place: the position that it starts at and how many there are for it. */
interface Stall {
  readonly start: number;
  readonly span: number;
}

function stallsOf(grids: readonly Grid[]): readonly Stall[] {
  let start = 0;
  return grids.flatMap(({ size, length }) =>
    Array.from({ length: size }, () => ({ start: (start += length) - length, span: length })),
  );
}

function stand({ rows, starts, spans }: PackedArrays, row: number, stall: Stall, position: number): void {
  rows[row] = position;
  starts[row] = stall.start;
  spans[row] = stall.span;
}

function emptyArrays(grids: readonly Grid[], size: number): PackedArrays {
  const [batch, cells] = [grids.reduce((sum, grid) => sum + grid.size, 0), cellsOf(grids)];
  const ints = (length: number): Int32Array => new Int32Array(length);
  return {
    grids,
    ids: ints(size),
    types: ints(size),
    positions: ints(size),
    prompts: ints(size).fill(-1),
    sequences: ints(size).fill(-1),
    rows: ints(size),
    starts: ints(size),
    spans: ints(size),
    back: ints(cells),
    keys: new Float32Array(cells),
    first: ints(batch),
    last: ints(batch),
  };
}

/**
 * Padded positions read the last row, filler rows read padded positions. @param used rows taken so far, undefined where
 * each position is a row
 */
function fill(arrays: PackedArrays, stalls: readonly Stall[], used: number | undefined): void {
  const { rows, back, keys } = arrays;
  let row = used ?? 0;
  for (const stall of stalls) {
    for (let position = stall.start; position < stall.start + stall.span; position++) {
      if (keys[position] === 1) continue;
      back[position] = used === undefined ? position : rows.length - 1;
      if (used === undefined) stand(arrays, position, stall, position);
      else if (row < rows.length) stand(arrays, row++, stall, position);
    }
  }
  if (used !== undefined && (used > rows.length || row < rows.length))
    throw new Error(`packSequences: ${used} tokens do not fit ${rows.length} rows of grids of ${back.length}`);
}
