import { closeSync, existsSync, fstatSync, readSync } from 'node:fs';
import { UserError } from '../../errors';
import { cutOff, readHeader, widths, type HeaderEntry } from './header';
import { openRegular } from './regular';
import { byteScratch, demandNumbers, floatScratch, halfTable, type OpenCheckpoint, type StoredTensor } from './stored';

/**
 * The tensors of a safetensors file, read one at a time when asked: nothing is loaded twice.
 * Throws a UserError on a file that is missing, cut off, malformed, holds a value that is no finite number, or is a
 * pipe or device.
 */
export function openSafetensors(path: string): OpenCheckpoint {
  if (!existsSync(path))
    throw new UserError(`${path} does not exist: give a folder with config.json and model.safetensors`);
  const file = openRegular(path);
  try {
    const { entries, start } = readHeader(file, path, fstatSync(file).size);
    const tensors = entries.map((entry) => stored({ file, path, start }, entry));
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

function stored(
  { file, path, start }: { readonly file: number; readonly path: string; readonly start: number },
  { name, dtype, shape, offsets: [begin] }: HeaderEntry,
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
