import { halfTable } from './stored';

/** A storage type of GGUF: blocks of `size` values in `bytes` bytes, and how to read them. */
export interface Quantisation {
  readonly name: string;
  readonly size: number;
  readonly bytes: number;
  /** @param from whole blocks @param to `size` values for each */
  decode(from: Uint8Array, to: Float32Array): void;
}

/** How a block of a quantised type becomes values: `at` is its first byte, `out` where its values go. */
type Block = (from: Uint8Array, at: number, to: Float32Array, out: number) => void;

function quantised(
  name: string,
  { size, bytes }: { readonly size: number; readonly bytes: number },
  block: Block,
): Quantisation {
  return {
    name,
    size,
    bytes,
    decode: (from, to) => {
      for (let at = 0, out = 0; at < from.length; at += bytes, out += size) block(from, at, to, out);
    },
  };
}

function half(from: Uint8Array, at: number): number {
  return halfTable()[byte(from, at) | (byte(from, at + 1) << 8)] as number;
}

/** Indices come from the block's layout and are in range. */
function byte(from: Uint8Array, at: number): number {
  return from[at] as number;
}
function signed(from: Uint8Array, at: number): number {
  return (byte(from, at) << 24) >> 24;
}

const f32: Quantisation = {
  name: 'F32',
  size: 1,
  bytes: 4,
  decode: (from, to) => {
    new Uint8Array(to.buffer, to.byteOffset, to.byteLength).set(from);
  },
};
const f16 = quantised('F16', { size: 1, bytes: 2 }, (from, at, to, out) => {
  to[out] = half(from, at);
});
const bf16: Quantisation = {
  name: 'BF16',
  size: 1,
  bytes: 2,
  decode: (from, to) => {
    const bits = new Uint32Array(to.buffer, to.byteOffset, to.length);
    for (let i = 0; i < bits.length; i++) bits[i] = (byte(from, 2 * i) << 16) | (byte(from, 2 * i + 1) << 24);
  },
};

/** d q, q 8 bits with sign. */
const q80 = quantised('Q8_0', { size: 32, bytes: 34 }, (from, at, to, out) => {
  const d = half(from, at);
  for (let i = 0; i < 32; i++) to[out + i] = d * signed(from, at + 2 + i);
});

/** d (q - 8); the low nibbles are the first 16 values. */
const q40 = quantised('Q4_0', { size: 32, bytes: 18 }, (from, at, to, out) => {
  const d = half(from, at);
  for (let i = 0; i < 16; i++) {
    const q = byte(from, at + 2 + i);
    to[out + i] = d * ((q & 15) - 8);
    to[out + 16 + i] = d * ((q >> 4) - 8);
  }
});

/** d q + m. */
const q41 = quantised('Q4_1', { size: 32, bytes: 20 }, (from, at, to, out) => {
  const d = half(from, at);
  const m = half(from, at + 2);
  for (let i = 0; i < 16; i++) {
    const q = byte(from, at + 4 + i);
    to[out + i] = d * (q & 15) + m;
    to[out + 16 + i] = d * (q >> 4) + m;
  }
});

/** Eight groups of 32 values, scale and minimum of each in 6 bits, all times two halves. */
const q4k = quantised('Q4_K', { size: 256, bytes: 144 }, (from, at, to, out) => {
  const d = half(from, at);
  const least = half(from, at + 2);
  for (let group = 0; group < 8; group++) {
    const [scale, minimum] = sixBits(from, at + 4, group);
    const step = d * scale;
    const floor = least * minimum;
    const q = at + 16 + 32 * (group >> 1);
    const shift = 4 * (group & 1);
    for (let i = 0; i < 32; i++) to[out + 32 * group + i] = step * ((byte(from, q + i) >> shift) & 15) - floor;
  }
});

/** Scale and minimum of a Q4_K group: the first four plain in 6 bits, the others put together from spare bits. */
function sixBits(from: Uint8Array, at: number, group: number): readonly [number, number] {
  if (group < 4) return [byte(from, at + group) & 63, byte(from, at + group + 4) & 63];
  const low = byte(from, at + group + 4);
  return [(low & 15) | ((byte(from, at + group - 4) >> 6) << 4), (low >> 4) | ((byte(from, at + group) >> 6) << 4)];
}

/** Sixteen groups of 16 values: 4 low bits, 2 high bits, an 8-bit scale each, all times one half. */
const q6k = quantised('Q6_K', { size: 256, bytes: 210 }, (from, at, to, out) => {
  const d = half(from, at + 208);
  for (let i = 0; i < 256; i++) {
    const part = i >> 7; // half of the block
    const quarter = (i >> 5) & 3;
    const l = i & 31;
    const low = byte(from, at + 64 * part + l + 32 * (quarter & 1)) >> (4 * (quarter >> 1));
    const high = byte(from, at + 128 + 32 * part + l) >> (2 * quarter);
    to[out + i] = d * signed(from, at + 192 + (i >> 4)) * (((low & 15) | ((high & 3) << 4)) - 32);
  }
});

/** By ggml's type number. */
export const quantisations: Readonly<Record<number, Quantisation>> = {
  0: f32,
  1: f16,
  2: q40,
  3: q41,
  8: q80,
  12: q4k,
  14: q6k,
  30: bf16,
};
