import {
  closeSync,
  copyFileSync,
  cpSync,
  fstatSync,
  openSync,
  readFileSync,
  readdirSync,
  readSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { tf, type Tensor, type Tensors } from '../../engine/tf';
import { UserError } from '../../errors';
import { readConfig, shapeOf } from './config';
import { readHeader, widths, type HeaderEntry } from './header';
import { canonicalNames, type Target } from './names';
import { openWeights, weightFiles } from './open';
import { openRegular } from './regular';
import { namesIn, settle } from './settle';
import type { StoredTensor } from './stored';

/** A model's folder, the weights to save it with, by canonical name, and which of them are not those of its files. */
export interface Replaced {
  readonly folder: string;
  readonly weights: Tensors;
  readonly changed: readonly string[];
}

/**
 * Fills a folder with a copy of a model's in which some weights are others, as transformers and this project load it:
 * one weight file in float32, config.json, the tokenizer and what else lies beside them.
 * @throws UserError where a tensor cannot hold what changed
 */
export function saveReplaced(out: string, { folder, weights, changed }: Replaced): void {
  const config = readConfig(folder);
  const { family, heads, ...shape } = shapeOf(config);
  const file = openWeights(folder);
  try {
    const { namesOf } = settle(file.tensors, { family, heads, ...shape }, namesIn(folder, family, config));
    const valuesOf = ({ name }: StoredTensor): Tensor | undefined =>
      replacement({ name, targets: namesOf(name), named: canonicalNames(family, name) }, { weights, changed, heads });
    writeWeights(join(out, 'model.safetensors'), folder, file.tensors, valuesOf);
  } finally {
    file.close();
  }
  // As text: 1.0 is no 1 to transformers 5, but is to JavaScript.
  const text = readFileSync(join(folder, 'config.json'), 'utf8');
  writeFileSync(join(out, 'config.json'), text.replace(/("(?:torch_)?dtype"\s*:\s*)"[^"]*"/g, '$1"float32"'));
  copyBeside(folder, out);
}

interface Stored {
  readonly name: string;
  /** The weights that it holds, and those that its name alone says: of tables that repeat another, too. */
  readonly targets: readonly Target[];
  readonly named: readonly Target[];
}

const table = /^((encoder|decoder|embedding)\.word|output\.weight)$/;

/** The values of a stored tensor as its file lays them out, undefined where nothing of it changed. */
function replacement(
  { name, targets, named }: Stored,
  { weights, changed, heads }: Omit<Replaced, 'folder'> & { readonly heads: number },
): Tensor | undefined {
  const own = (target: string): Tensor => weights[target] as Tensor;
  if (targets.length === 0 && named.some((target) => table.test(target.name)))
    return changed.includes('embedding.word') ? tf.clone(own('embedding.word')) : undefined; // repeats that table
  const [first] = targets;
  if (first === undefined || !targets.some((target) => changed.includes(target.name))) return undefined;
  if (first.piece === null && targets.length > 1)
    throw new UserError(`tensor ${name} is two tables at once, which cannot be saved apart: unfreeze none of them`);
  return tf.tidy(() => laidOut((first.piece?.names ?? [first.name]).map(own), first, heads));
}

/** Transposed, put together and less 1, as the target says: the way back from `uploadTarget`. */
function laidOut(weights: readonly Tensor[], { transpose, piece, plus }: Target, heads: number): Tensor {
  const parts = weights.map((weight) => (transpose ? tf.transpose(weight) : weight));
  const [one] = parts as [Tensor];
  if (piece === null) return plus === 0 ? tf.clone(one) : tf.sub(one, plus);
  const axis = transpose ? 0 : one.rank - 1;
  if (!piece.byHead) return tf.concat(parts, axis);
  const byHead = parts.map((part) => {
    const [before, after] = [part.shape.slice(0, axis), part.shape.slice(axis + 1)];
    return tf.reshape(part, [...before, heads, (part.shape[axis] as number) / heads, ...after]);
  });
  const sides = one.shape.map((side, i) => (i === axis ? side * parts.length : side));
  return tf.reshape(tf.concat(byHead, axis + 1), sides);
}

/** Values read at a time. */
const CHUNK = 1 << 22;
const floats: ReadonlySet<string> = new Set(['F32', 'F16', 'BF16']);

interface Source extends HeaderEntry {
  readonly path: string;
  readonly start: number;
}

/** Every tensor of the source in float32, buffers of whole numbers as they are. */
function writeWeights(
  path: string,
  folder: string,
  tensors: readonly StoredTensor[],
  valuesOf: (stored: StoredTensor) => Tensor | undefined,
): void {
  const sources = new Map(
    weightFiles(folder)
      .flatMap(entriesOf)
      .map((entry) => [entry.name, entry] as const),
  );
  let at = 0;
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  for (const { name, shape } of tensors) {
    const { dtype } = sources.get(name) as Source;
    const type = floats.has(dtype) ? 'F32' : dtype;
    const size = shape.reduce((product, n) => product * n, widths[type] ?? 0);
    header[name] = { dtype: type, shape, data_offsets: [at, (at += size)] };
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const file = openSync(path, 'w');
  try {
    writeSync(file, length);
    writeSync(file, text);
    for (const stored of tensors) writeTensor(file, stored, sources.get(stored.name) as Source, valuesOf(stored));
  } finally {
    closeSync(file);
  }
}

function entriesOf(path: string): readonly Source[] {
  const file = openRegular(path);
  try {
    const { entries, start } = readHeader(file, path, fstatSync(file).size);
    return entries.map((entry) => ({ ...entry, path, start }));
  } finally {
    closeSync(file);
  }
}

function writeTensor(file: number, { shape, read }: StoredTensor, source: Source, values: Tensor | undefined): void {
  if (values !== undefined) {
    writeAll(file, bytesOf(values.dataSync() as Float32Array));
    values.dispose();
    return;
  }
  if (!floats.has(source.dtype)) {
    writeAll(file, rawBytes(source));
    return;
  }
  const rows = shape[0] ?? 1;
  const step = Math.max(1, Math.floor(CHUNK / shape.slice(1).reduce((a, b) => a * b, 1)));
  for (let from = 0; from < rows; from += step) writeAll(file, bytesOf(read(from, Math.min(from + step, rows))));
}

const bytesOf = (values: Float32Array): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

function rawBytes({ path, start, offsets: [from, to] }: Source): Uint8Array {
  const bytes = new Uint8Array(to - from);
  const file = openRegular(path);
  try {
    readSync(file, bytes, 0, bytes.length, start + from);
  } finally {
    closeSync(file);
  }
  return bytes;
}

/** A write may take a part alone. */
function writeAll(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at, bytes.length - at);
}

/** Weights in any format, whose values would be the old ones. */
const weightLike = /\.(safetensors|safetensors\.index\.json|bin|bin\.index\.json|pt|pth|ckpt|h5|msgpack|onnx|gguf|ot)$/;

/** Tokenizer, settings of generation, pooling: what lies beside the weights. */
function copyBeside(folder: string, out: string): void {
  for (const name of readdirSync(folder)) {
    if (name.startsWith('.') || name === 'config.json' || weightLike.test(name)) continue;
    if (statSync(join(folder, name)).isFile()) copyFileSync(join(folder, name), join(out, name));
    else if (name === '1_Pooling') cpSync(join(folder, name), join(out, name), { recursive: true });
  }
}
