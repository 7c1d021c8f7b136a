import { createHash } from 'node:crypto';
import { narrowed, narrowedForProducts } from '../engine/narrow';
import type { Precision } from '../engine/program';
import type { Tensor, Tensors } from '../engine/tf';
import { UserError } from '../errors';
import { digestFile } from '../hashed';
import { readConfig, shapeOf } from './checkpoint/config';
import type { Target } from './checkpoint/names';
import { openWeights, weightFiles } from './checkpoint/open';
import { namesIn, settle, type Names, type Settled } from './checkpoint/settle';
import { dropScratch, type OpenCheckpoint, type StoredTensor } from './checkpoint/stored';
import { uploadTarget, type Fused } from './checkpoint/upload';
import { tensorsHash } from './fingerprint';
import { need } from './forward';
import type { ModelShape } from './shape';
import { bufferShapes, madeShapes, weightShapes, type WeightShapes } from './shapes';
import { sinusoids } from './sinusoids';

/**
 * How matrices are held in memory. bfloat16: all of them and the tables, in half of it, which compiled steps alone can
 * read then. A function names those that are multiplied by in bfloat16 and not read otherwise: half of their memory, and
 * the same numbers.
 */
export type Held = Precision | ((shape: ModelShape) => ReadonlySet<string>);

/** A frozen model in memory: plain tensors that nothing can train. Owns them until `dispose()`. */
export class Backbone {
  readonly folder: string;
  readonly shape: ModelShape;
  /** The files that the weights came from; none for random ones. */
  readonly files: readonly string[];
  private own: Tensors;
  private gone: readonly string[] = [];

  constructor(
    folder: string,
    shape: ModelShape,
    { weights, files }: { readonly weights: Tensors; readonly files: readonly string[] },
  ) {
    this.folder = folder;
    this.shape = shape;
    this.own = weights;
    this.files = files;
  }

  get weights(): Tensors {
    return this.own;
  }

  /** Whether weights were released and not restored. */
  get lacks(): boolean {
    return this.gone.length > 0;
  }

  /** Frees weights whose copies train: the model is not whole until `restore`. */
  release(names: readonly string[]): void {
    for (const name of names) this.own[name]?.dispose();
    this.own = Object.fromEntries(Object.entries(this.own).filter(([name]) => !names.includes(name)));
    this.gone = [...this.gone, ...names];
  }

  /** Takes what was released from the same model, loaded once more, and frees the rest of that. */
  restore(again: Backbone): void {
    const back = Object.fromEntries(this.gone.map((name) => [name, need(again.own, name)]));
    this.own = { ...this.own, ...back };
    this.gone = [];
    for (const [name, weight] of Object.entries(again.own)) if (back[name] === undefined) weight.dispose();
  }

  /**
   * SHA-256 of the weight files, or of the weights where they came from none: says which model an adapter belongs to.
   */
  async hash(): Promise<string> {
    if (this.files.length === 0) return tensorsHash(this.weights);
    const hash = createHash('sha256');
    for (const file of this.files) digestFile(hash, file);
    return hash.digest('hex');
  }

  dispose(): void {
    for (const weight of Object.values(this.weights)) weight.dispose();
  }
}

/**
 * Loads a folder with config.json and safetensors, one file or shards; the weights live once, in TensorFlow's memory.
 * @param pooling how a classifier reads this model, where that differs from its architecture's usual way
 */
export function loadBackbone(folder: string, pooling?: ModelShape['pooling'], held: Held = 'float32'): Backbone {
  const config = readConfig(folder);
  const described = shapeOf(config);
  if (pooling === 'last' && described.encoderLayers > 0)
    throw new UserError(`${folder} is read by the last token, which decoders alone are here: choose another model`);
  const shape = pooling === undefined ? described : { ...described, pooling };
  const files = weightFiles(folder);
  const file = openWeights(folder);
  try {
    const names = namesIn(folder, shape.family, config);
    return backboneFrom(folder, { file, files, shape, names, held });
  } finally {
    file.close();
    dropScratch();
  }
}

/** An open checkpoint, its files, what its config says, what its format knows of names, and how matrices are held. */
export interface Opened {
  readonly file: OpenCheckpoint;
  readonly files: readonly string[];
  readonly shape: ModelShape;
  readonly names: Names;
  readonly held: Held;
}

export function backboneFrom(folder: string, { file, files, shape, names, held }: Opened): Backbone {
  const settled = settle(file.tensors, shape, names);
  return new Backbone(folder, settled.shape, {
    weights: readWeights(file, settled, { source: names.source, held }),
    files,
  });
}

/** Where weights come from, for messages, and how matrices are held. */
interface Reading {
  readonly source: string;
  readonly held: Held;
}

/**
 * Every weight of the shape from an open checkpoint; frees what it made where something is wrong. Throws a UserError on
 * a tensor that is neither a weight of the shape nor known to change nothing: to pass it over would compute another
 * model.
 */
function readWeights({ tensors }: OpenCheckpoint, settled: Settled, { source, held }: Reading): Tensors {
  const { shape, namesOf } = settled;
  const expected = { ...weightShapes(shape), ...bufferShapes(shape) };
  demandKnown(tensors, expected, { ...settled, source });
  const hold = holder(held, shape);
  const weights: Record<string, Tensor> = {};
  try {
    // Large tensors first: what reading them takes besides is free again before most weights are there.
    for (const stored of [...tensors].sort((a, b) => sizeOf(b.shape) - sizeOf(a.shape))) {
      for (const target of namesOf(stored.name)) {
        demandShape(stored, target, expected);
        const weight = uploadTarget(stored, target, fusedOf(target, expected, shape));
        weights[target.name] = hold(target.name, weight);
      }
    }
    for (const [name, size] of Object.entries(madeShapes(shape)))
      weights[name] ??= sinusoids(size[0] as number, size[1] as number);
    demandAll(source, expected, { family: shape.family, weights });
    return weights;
  } catch (error) {
    for (const weight of Object.values(weights)) weight.dispose();
    throw error;
  }
}

function demandKnown(
  tensors: readonly StoredTensor[],
  expected: WeightShapes,
  { source, namesOf, isHarmless: harmless }: Settled & Pick<Reading, 'source'>,
): void {
  const holders = new Map<string, string>();
  for (const { name } of tensors) {
    const targets = namesOf(name);
    if (targets.length === 0 && !harmless(name))
      throw new UserError(
        `${source}: tensor ${name} is not known here and may change what the model computes: choose another checkpoint`,
      );
    for (const target of targets) {
      if (expected[target.name] === undefined)
        throw new UserError(
          `${source}: tensor ${name} belongs to a part that the config does not ask for: config.json and weights belong to different models`,
        );
      const other = holders.get(target.name);
      if (other !== undefined)
        throw new UserError(`${source}: tensors ${other} and ${name} are the same weight: choose another checkpoint`);
      holders.set(target.name, name);
    }
  }
}

function holder(held: Held, shape: ModelShape): (name: string, weight: Tensor) => Tensor {
  if (held === 'float32') return (_, weight) => weight;
  if (held === 'bfloat16') return (name, weight) => (isMatrix(name) ? narrowed(weight) : weight);
  const names = held(shape);
  return (name, weight) => (names.has(name) ? narrowedForProducts(weight) : weight);
}

function isMatrix(name: string): boolean {
  return name.endsWith('.weight') || name.endsWith('.word');
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}

function fusedOf({ piece }: Target, expected: WeightShapes, { heads }: ModelShape): Fused {
  return { widths: (piece?.names ?? []).map((name) => expected[name]?.at(-1) ?? 0), heads };
}

function demandShape({ name, shape }: StoredTensor, target: Target, expected: WeightShapes): void {
  const own = target.transpose ? [...shape].reverse() : shape;
  const one = expected[target.name] as readonly number[];
  const all = (target.piece?.names ?? [target.name]).reduce((sum, part) => sum + (expected[part]?.at(-1) ?? 0), 0);
  const whole = [...one.slice(0, -1), all];
  if (whole.join() === own.join()) return;
  throw new UserError(
    `tensor ${name} has shape [${shape.join()}], which gives [${own.join()}]; the config asks for [${whole.join()}]: config.json and weights belong to different models`,
  );
}

function demandAll(
  source: string,
  expected: WeightShapes,
  { family, weights }: { readonly family: string; readonly weights: Tensors },
): void {
  // A pooler is counted with the backbone but no head here reads it: files without one are fine.
  const missing = Object.keys(expected).filter((name) => weights[name] === undefined && !name.startsWith('pooler.'));
  if (missing.length > 0)
    throw new UserError(
      `${source} lacks ${missing.length} weights, ${missing[0] as string} first: it is not a complete ${family} checkpoint`,
    );
}
