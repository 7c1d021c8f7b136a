import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { UserError } from '../../errors';
import { byteScratch, demandNumbers, floatScratch, halfTable, type OpenCheckpoint, type StoredTensor } from './stored';

interface HeaderEntry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

/** Bytes per value. Integer tensors are buffers such as position ids: listed, never read. */
const widths: Readonly<Record<string, number>> = {
  F32: 4,
  F16: 2,
  BF16: 2,
  F64: 8,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
};

/**
 * The tensors of a safetensors file, read one at a time when asked: nothing is loaded twice.
 * Throws a UserError on a file that is missing, cut off, malformed or holds NaN.
 */
export function openSafetensors(path: string): OpenCheckpoint {
  if (!existsSync(path))
    throw new UserError(`${path} does not exist: give a folder with config.json and model.safetensors`);
  const file = openSync(path, 'r');
  try {
    const { header, start } = readHeader(file, path);
    const size = fstatSync(file).size - start;
    const entries = Object.entries(header).filter(([name]) => name !== '__metadata__') as [string, HeaderEntry][];
    const tensors = entries.map(([name, entry]) =>
      stored({ file, path, start }, name, checked(path, name, entry, size)),
    );
    return {
      tensors,
      close: () => {
        closeSync(file);
      },
    };
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
  if (width === undefined)
    throw new UserError(
      `${path}: tensor ${name} has type ${entry.dtype}; this reader knows ${Object.keys(widths).join(', ')}`,
    );
  const [from, to] = entry.data_offsets;
  if (to > size || from > to) throw cutOff(path);
  const count = entry.shape.reduce((a, b) => a * b, 1);
  if (to - from !== count * width)
    throw new UserError(
      `${path}: tensor ${name} has ${to - from} bytes, shape [${entry.shape.join()}] needs ${count * width}; fetch the file again`,
    );
  return entry;
}

function cutOff(path: string): UserError {
  return new UserError(`${path} is cut off: fetch it again (petl fetch, or copy the whole file)`);
}

function stored(
  { file, path, start }: { readonly file: number; readonly path: string; readonly start: number },
  name: string,
  { dtype, shape, data_offsets: [begin] }: HeaderEntry,
): StoredTensor {
  const rowBytes = shape.slice(1).reduce((a, b) => a * b, widths[dtype] ?? 0);
  const read = (from: number, to: number): Float32Array => {
    const bytes = byteScratch((to - from) * rowBytes);
    if (readSync(file, bytes, 0, bytes.length, start + begin + from * rowBytes) < bytes.length) throw cutOff(path);
    return demandNumbers(decode(bytes, dtype, `${path}: tensor ${name}`), path, name);
  };
  return { name, shape, read };
}

function decode(bytes: Uint8Array, dtype: string, what: string): Float32Array {
  if (dtype === 'F32') return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  if (dtype !== 'F16' && dtype !== 'BF16')
    throw new UserError(`${what} has type ${dtype}: convert the checkpoint to F32, F16 or BF16`);
  const half = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
  const values = floatScratch(half.length);
  if (dtype === 'F16') {
    const table = halfTable();
    for (let i = 0; i < half.length; i++) values[i] = table[half[i] as number] as number;
    return values;
  }
  const bits = new Uint32Array(values.buffer, values.byteOffset, half.length);
  for (let i = 0; i < half.length; i++) bits[i] = (half[i] as number) << 16;
  return values;
}
