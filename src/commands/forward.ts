import { tf, type Tensor } from '../engine/tf';
import { disposeTree } from '../engine/tree';
import { UserError } from '../errors';
import { uploadBatch, type Batch } from '../model/batch';
import { decodeText, vocabularyLogits } from '../model/decoder';
import { encode } from '../model/encoder';
import type { Frozen } from '../model/forward';
import type { Adaptation } from '../model/generation/reader';
import { classify, meanPool, sequenceMeans } from '../model/heads';
import { longestText } from '../model/shapes';
import { packTogether } from '../model/packing';
import { openAdapted, rowsOf, type Adapted } from './adapted';
import { flag, print, textOf, type Input } from './command';

type Rows = readonly (readonly number[])[];

/** Token ids of rows of one width, and which of them are text. */
export interface Grid {
  readonly ids: Rows;
  readonly mask: Rows;
}

/** `petl forward`: what a model computes from token ids. */
export async function forwardCommand(input: Input): Promise<number> {
  textOf(input, 'input-ids');
  const text = gridOf(input, 'input-ids', 'attention-mask') as Grid;
  const target = gridOf(input, 'decoder-input-ids', 'decoder-attention-mask');
  const adapted = await openAdapted(input);
  try {
    demandKind(adapted, text, target);
    const result = computed(adapted, text, target);
    if (flag(input, 'json')) print(JSON.stringify(result));
    else print(`${result.output} [${result.shape.join(', ')}]; the values: --json`);
  } finally {
    adapted.model.backbone.dispose();
    tf.dispose([adapted.head, adapted.adaptation.tensors]);
  }
  return 0;
}

function gridOf(input: Input, idsName: string, maskName: string): Grid | undefined {
  const ids = rowsOf(input, idsName);
  if (ids === undefined) return undefined;
  const mask = rowsOf(input, maskName) ?? ids.map((row) => row.map(() => 1));
  if (new Set(ids.map((row) => row.length)).size > 1)
    throw new UserError(`--${idsName} has rows of different lengths: pad them and give --${maskName}`);
  if (mask.map((row) => row.length).join() !== ids.map((row) => row.length).join())
    throw new UserError(`--${maskName} has another shape than --${idsName}: give a 0 or 1 for each token`);
  if (mask.some((row) => row.some((m) => m > 1) || !row.includes(1)))
    throw new UserError(`--${maskName} must hold 0 and 1, and a 1 in every row`);
  if (mask.some((row) => row.join('').replace(/^0*1+0*$/, '') !== ''))
    throw new UserError(`--${maskName} must leave out tokens at the ends of a row only`);
  return { ids, mask };
}

function demandKind(
  {
    model: {
      backbone: { shape },
    },
  }: Adapted,
  text: Grid,
  target: Grid | undefined,
): void {
  const pair = shape.encoderLayers > 0 && shape.decoderLayers > 0;
  if (pair && target === undefined)
    throw new UserError('the model is an encoder-decoder: give --decoder-input-ids too');
  if (!pair && target !== undefined)
    throw new UserError(`a ${shape.family} model has no decoder beside an encoder: leave --decoder-input-ids out`);
  if (target !== undefined && target.ids.length !== text.ids.length)
    throw new UserError(
      `--decoder-input-ids has ${target.ids.length} rows, --input-ids ${text.ids.length}: give as many`,
    );
  const foreign = [...text.ids, ...(target?.ids ?? [])].flat().find((id) => id >= shape.vocabulary);
  if (foreign !== undefined)
    throw new UserError(
      `token id ${foreign} is outside the vocabulary of ${shape.vocabulary}: encode with the model's own tokenizer`,
    );
}

/** Refuses rows with more tokens than the model has positions, or than it computes exactly. */
function demandRoom({ shape }: Frozen, { firstPositions = {} }: Adaptation, grids: readonly Grid[]): void {
  const tokens = grids.flatMap(({ mask }) => mask.map((row) => row.reduce((sum, m) => sum + m, 0)));
  const longest = Math.max(...tokens);
  const room = (longestText(shape) ?? Infinity) - Math.max(0, ...Object.values(firstPositions));
  if (longest > room)
    throw new UserError(`${longest} tokens are more than the model's ${room} positions: shorten the rows`);
}

export interface Computed {
  readonly output: 'logits' | 'hidden states';
  readonly shape: readonly number[];
  readonly values: unknown;
}

type Computing = Pick<Adapted, 'adaptation' | 'head'> & { readonly model: Pick<Adapted['model'], 'backbone'> };

/** Outputs of a model with its adapter, a row for each real token or, with a classifier's head, for each text. */
export function computed(
  { model: { backbone }, adaptation, head }: Computing,
  text: Grid,
  target: Grid | undefined,
): Computed {
  demandRoom(backbone, adaptation, target === undefined ? [text] : [text, target]);
  const source = packed(text, adaptation.prompt);
  const goal = target === undefined ? undefined : packed(target, 0);
  const pair = goal === undefined ? { target: source } : { source, target: goal };
  const [output, values] = tf.tidy((): [Computed['output'], Tensor] => {
    const { frozen, forward } = adaptation.apply(backbone, adaptation.tensors, sequenceMeans(pair));
    if (frozen.shape.decoderLayers > 0) return ['logits', vocabularyLogits(frozen, decodeText(frozen, pair, forward))];
    const mean = frozen.shape.pooling === 'mean';
    if (head['head.weight'] === undefined) return ['hidden states', encode(frozen, source, forward)];
    const hidden = encode(frozen, source, { ...forward, read: mean ? 'all' : 'first' });
    return ['logits', classify(mean ? meanPool(hidden, source) : hidden, head, 0, undefined)];
  });
  const grid = target ?? text;
  const first = (goal ?? source).first.dataSync();
  const rows = values.arraySync() as number[][];
  const width = values.shape[1] as number;
  const classes = head['head.weight'] !== undefined && backbone.shape.decoderLayers === 0;
  disposeTree(source);
  if (goal !== undefined) disposeTree(goal);
  values.dispose();
  if (classes) return { output, shape: [rows.length, width], values: rows };
  return { output, shape: [grid.ids.length, grid.ids[0]?.length ?? 0, width], values: spread(grid, first, rows) };
}

/** A row of values for each token, null where the mask is 0. @param first row of each sequence's first token */
function spread({ mask }: Grid, first: ArrayLike<number>, rows: readonly number[][]): unknown {
  return mask.map((row, b) => {
    let next = first[b] ?? 0;
    return row.map((m) => (m === 1 ? (rows[next++] ?? null) : null));
  });
}

function packed({ ids, mask }: Grid, prompt: number): Batch {
  const sequences = ids.map((row, b) => ({ ids: row.filter((_, t) => mask[b]?.[t] === 1) }));
  return uploadBatch(packTogether(sequences, { prompt }));
}
