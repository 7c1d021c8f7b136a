import { UserError } from '../../errors';

/** One tensor of a checkpoint: where it lies and how to read it as float32. */
export interface StoredTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /**
   * Rows `from` to `to` of the first axis, in memory that the next read uses again. A vector has as many rows as
   * values.
   * Throws a UserError where they hold NaN or infinity.
   */
  read(from: number, to: number): Float32Array;
}

/** A checkpoint that is open: nothing is read before it is asked for. */
export interface OpenCheckpoint {
  readonly tensors: readonly StoredTensor[];
  close(): void;
}

let bytes = new ArrayBuffer(0);
let floats = new ArrayBuffer(0);

/** Memory for bytes of a file, shared by all reads. */
export function byteScratch(length: number): Uint8Array {
  if (bytes.byteLength < length) bytes = new ArrayBuffer(length);
  return new Uint8Array(bytes, 0, length);
}

/** Memory for converted values, shared by all reads. */
export function floatScratch(length: number): Float32Array {
  if (floats.byteLength < 4 * length) floats = new ArrayBuffer(4 * length);
  return new Float32Array(floats, 0, length);
}

/** Lets go of the shared memory when a model is loaded. */
export function dropScratch(): void {
  bytes = new ArrayBuffer(0);
  floats = new ArrayBuffer(0);
}

/**
 * Throws where a value is NaN or infinite: a sum is, when any value is, as finite float32 numbers add up to a finite
 * double. One pass without a branch per value.
 */
export function demandNumbers(values: Float32Array, path: string, name: string): Float32Array {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] as number;
  if (!Number.isFinite(sum))
    throw new UserError(`${path}: tensor ${name} holds NaN or infinity: the checkpoint is damaged, fetch it again`);
  return values;
}

/** Whether a tensor holds zeros alone. */
export function isZero({ shape, read }: StoredTensor): boolean {
  return read(0, shape[0] ?? 1).every((value) => value === 0);
}

/** Whether two tensors hold the same numbers. */
export function sameValues(a: StoredTensor, b: StoredTensor): boolean {
  if (a.shape.join() !== b.shape.join()) return false;
  const [rows = 1, ...rest] = a.shape;
  const step = Math.max(1, Math.floor((1 << 20) / rest.reduce((x, y) => x * y, 1)));
  for (let from = 0; from < rows; from += step) {
    const to = Math.min(from + step, rows);
    const own = a.read(from, to).slice(); // the next read uses the memory again
    if (!b.read(from, to).every((value, i) => value === own[i])) return false;
  }
  return true;
}

let halves: Float32Array | undefined;

/** Every half-precision number by its bits. */
export function halfTable(): Float32Array {
  halves ??= Float32Array.from({ length: 65536 }, (_, bits) => float16(bits));
  return halves;
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
