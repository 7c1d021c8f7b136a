import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { UserError } from '../../errors';

/** One tensor of a safetensors file: where it lies and how to read it as float32. */
export interface StoredTensor { readonly name: string; readonly shape: readonly number[]; read(): Float32Array }

interface HeaderEntry { readonly dtype: string; readonly shape: readonly number[]; readonly data_offsets: readonly [number, number] }

/** Bytes per value. Integer tensors are buffers such as position ids: listed, never read. */
const widths: Readonly<Record<string, number>> = { F32: 4, F16: 2, BF16: 2, F64: 8, I64: 8, I32: 4, I16: 2, I8: 1, U8: 1, BOOL: 1 };

/**
 * The tensors of a safetensors file, read one at a time when asked: nothing is loaded twice.
 * Throws a UserError on a file that is missing, cut off, malformed or holds NaN.
 */
export function openSafetensors(path: string): { readonly tensors: readonly StoredTensor[]; close(): void } {
  if (!existsSync(path)) throw new UserError(`${path} does not exist: give a folder with config.json and model.safetensors`);
  const file = openSync(path, 'r');
  try {
    const { header, start } = readHeader(file, path);
    const size = fstatSync(file).size - start;
    const entries = Object.entries(header).filter(([name]) => name !== '__metadata__') as [string, HeaderEntry][];
    const tensors = entries.map(([name, entry]) => stored(file, path, name, checked(path, name, entry, size), start));
    return { tensors, close: () => { closeSync(file); } };
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

function readHeader(file: number, path: string): { readonly header: object; readonly start: number } {
  const total = fstatSync(file).size;
  const prefix = Buffer.alloc(8);
  readSync(file, prefix, 0, 8, 0);
  const length = Number(prefix.readBigUInt64LE());
  if (total < 8 || length > total - 8) throw cutOff(path);
  const text = Buffer.alloc(length);
  readSync(file, text, 0, length, 8);
  try {
    return { header: JSON.parse(text.toString('utf8')) as object, start: 8 + length };
  } catch {
    throw new UserError(`${path} has no readable safetensors header: it is damaged or another format; fetch it again`);
  }
}

function checked(path: string, name: string, entry: HeaderEntry, size: number): HeaderEntry {
  const width = widths[entry.dtype];
  if (width === undefined) throw new UserError(`${path}: tensor ${name} has type ${entry.dtype}; this reader knows ${Object.keys(widths).join(', ')}`);
  const [from, to] = entry.data_offsets;
  if (to > size || from > to) throw cutOff(path);
  const count = entry.shape.reduce((a, b) => a * b, 1);
  if (to - from !== count * width) throw new UserError(`${path}: tensor ${name} has ${to - from} bytes, shape [${entry.shape.join()}] needs ${count * width}; fetch the file again`);
  return entry;
}

function cutOff(path: string): UserError {
  return new UserError(`${path} is cut off: fetch it again (petl fetch, or copy the whole file)`);
}

function stored(file: number, path: string, name: string, { dtype, shape, data_offsets: [from, to] }: HeaderEntry, start: number): StoredTensor {
  const read = (): Float32Array => {
    const bytes = new Uint8Array(to - from);
    readSync(file, bytes, 0, bytes.length, start + from);
    const values = decode(bytes, dtype);
    // A sum is NaN when any value is: one pass, no branch per value.
    let sum = 0;
    for (const value of values) sum += value;
    if (Number.isNaN(sum)) throw new UserError(`${path}: tensor ${name} holds NaN or opposite infinities; the checkpoint is damaged, fetch it again`);
    return values;
  };
  return { name, shape, read };
}

function decode(bytes: Uint8Array, dtype: string): Float32Array {
  if (dtype === 'F32') return new Float32Array(bytes.buffer);
  if (dtype !== 'F16' && dtype !== 'BF16') throw new UserError(`a weight has type ${dtype}: convert the checkpoint to F32, F16 or BF16`);
  const half = new Uint16Array(bytes.buffer);
  if (dtype === 'F16') return Float32Array.from(half, float16);
  const bits = Uint32Array.from(half, (h) => h << 16);
  return new Float32Array(bits.buffer);
}

/** IEEE half precision to number. */
export function float16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
