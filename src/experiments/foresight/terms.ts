import type { ModelShape } from '../../model/shape';
import { bufferShapes, hasCrossAttention, layersOf, stacksOf, weightShapes } from '../../model/shapes';
import type { Stack } from '../../model/site';
import { count } from '../../petl/counts/count';
import { placesOf } from '../../petl/design/places';
import type { Method } from '../../petl/design/types';
import { promptLength } from '../../petl/forms/modify';
import { sizeOf } from '../../petl/forms/spec';
import { unfrozenNames } from '../../petl/forms/unfrozen';
import { roundedMatrices } from '../../training/held';
import type { TrainingSettings } from '../../training/job';
import { groupSize } from '../../training/update';
import type { Extent } from './extent';
import type { Terms } from './names';

/** What is known of a run before it starts. */
export interface Known {
  readonly method: Method;
  readonly shape: ModelShape;
  readonly training: TrainingSettings;
  /** Of another model that the method's prompt is written with; null where there is none. */
  readonly reader: ModelShape | null;
  /** Outputs of the task's head, 0 where the model's own words answer. */
  readonly outputs: number;
  readonly extent: Extent;
  readonly dataMb: number;
}

const mib = 2 ** 20;

/** In closed form: nothing is built. */
export function termsOf({ method, shape, reader, training, outputs, extent, dataMb }: Known): Terms {
  const { trained, head } = count(method, shape, outputs);
  const trainedMb = (4 * (trained + head)) / mib;
  const isLarge = trained + head > groupSize;
  const copies = isLarge ? 4 : 7; // gradient and two moments; of a small method a step makes the new state beside the old
  const narrow = training.precision === 'bfloat16';
  const { tokens, pairs } = worked(method, shape, extent);
  const kept = keptLayers(method, shape);
  const stacks = stacksOf(shape);
  const overStacks = (of: (stack: Stack) => number): number => stacks.reduce((sum, stack) => sum + of(stack), 0);
  const activations = overStacks((stack) => kept[stack] * tokens[stack] * numbersOfToken(shape, stack)) * (4 / mib);
  const programs = extent.shapes * 2 + (isLarge ? 5 : 0) + (training.target === null ? 0 : 3);
  return {
    process: 1,
    held: (weightBytes(method, shape, narrow) + readerBytes(reader)) / mib + copies * trainedMb,
    kept: narrow ? 0 : activations,
    keptNarrow: narrow ? activations : 0,
    attention: overStacks((stack) => kept[stack] * pairs[stack]) * shape.heads * (4 / mib),
    scores: (outputs > 0 ? 0 : labelsOf(shape, extent) * shape.vocabulary * 4) / mib,
    programs: programs * overStacks((stack) => layersOf(shape, stack)),
    data: dataMb,
  };
}

type ByStack = Readonly<Record<Stack, number>>;

/** Tokens and pairs of tokens that each stack works on, prompts and prefixes included. */
function worked(
  method: Method,
  shape: ModelShape,
  extent: Extent,
): { readonly tokens: ByStack; readonly pairs: ByStack } {
  const prompt = promptLength(method) * extent.rows;
  const prefix = method.modifications.reduce((sum, { form }) => sum + (form.kind === 'prefix' ? form.length : 0), 0);
  const both = hasCrossAttention(shape);
  const read = extent.read + prompt;
  const readPairs = extent.readPairs + 2 * promptLength(method) * extent.read + read * prefix;
  const writtenPairs = extent.writtenPairs + extent.crossPairs + extent.written * prefix;
  return {
    tokens: { encoder: read, decoder: both ? extent.written : read },
    pairs: { encoder: readPairs, decoder: both ? writtenPairs : readPairs },
  };
}

function labelsOf(shape: ModelShape, { read, written }: Extent): number {
  return hasCrossAttention(shape) || written > 0 ? written : read;
}

/** Numbers that a layer makes of each token: queries, keys, values, what comes of them, norms, the FFN's. */
function numbersOfToken(shape: ModelShape, stack: Stack): number {
  const { width, heads, keyValueHeads, headWidth, ffnWidth, gatedFfn } = shape;
  const attention = 2 * heads * headWidth + 2 * keyValueHeads * headWidth;
  const cross = stack === 'decoder' && hasCrossAttention(shape) ? 2 * width + 2 * heads * headWidth : 0;
  return 4 * width + attention + cross + (gatedFfn ? 3 : 2) * ffnWidth;
}

/** Layers that gradients go through, of each stack: from the lowest that something is trained in. */
function keptLayers(method: Method, shape: ModelShape): ByStack {
  const all: ByStack = { encoder: layersOf(shape, 'encoder'), decoder: layersOf(shape, 'decoder') };
  const lowest = { encoder: Infinity, decoder: Infinity };
  const touch = (stack: Stack, layer: number): void => void (lowest[stack] = Math.min(lowest[stack], layer));
  const first: Stack = all.encoder > 0 ? 'encoder' : 'decoder';
  if (method.prompt.kind !== 'none') touch(first, 0);
  for (const modification of method.modifications)
    for (const { stack, layer } of placesOf(modification, shape)) touch(stack, layer);
  for (const name of unfrozenNames(method, shape)) {
    const [, stack, layer] = /^(encoder|decoder)\.(?:(\d+)\.)?/.exec(name) ?? [];
    if (stack === undefined) touch(first, name.startsWith('output.') ? Infinity : 0);
    else touch(stack as Stack, layer === undefined ? (/\.norm\./.test(name) ? Infinity : 0) : Number(layer));
  }
  const encoder = Math.max(0, all.encoder - lowest.encoder);
  // What an encoder learns comes through every layer of the decoder.
  return { encoder, decoder: encoder > 0 ? all.decoder : Math.max(0, all.decoder - lowest.decoder) };
}

function readerBytes(shape: ModelShape | null): number {
  return shape === null ? 0 : Object.values(weightShapes(shape)).reduce((sum, dims) => sum + 4 * sizeOf(dims), 0);
}

/** A run that trains much of the model frees the frozen copies meanwhile. */
function weightBytes(method: Method, shape: ModelShape, narrow: boolean): number {
  const rounded = narrow ? roundedMatrices(method, shape) : new Set<string>();
  const trained = new Set(unfrozenNames(method, shape));
  const entries = Object.entries({ ...weightShapes(shape), ...bufferShapes(shape) });
  const size = (of: readonly (readonly [string, readonly number[]])[]): number =>
    of.reduce((sum, [name, dims]) => sum + sizeOf(dims) * (rounded.has(name) ? 2 : 4), 0);
  const lent = size(entries.filter(([name]) => trained.has(name)));
  return size(entries) - (10 * lent > size(entries) ? lent : 0);
}
