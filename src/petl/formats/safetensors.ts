import { createHash } from 'node:crypto';
import { writeSync } from 'node:fs';
import { fillWhole } from '../../files';

/** A named float32 tensor in row-major order. */
export interface NamedValues {
  readonly name: string;
  readonly shape: readonly number[];
  /** The values, or a function that brings them when they are written: large states are never in memory twice. */
  readonly values: Float32Array | (() => Float32Array);
}

/**
 * Writes a safetensors file: 8 bytes of header length, a JSON header padded with blanks to a multiple of 8, the values.
 * Names
 * are sorted, so equal tensors give equal bytes; the file appears whole or not at all.
 */
export function writeSafetensors(
  path: string,
  tensors: readonly NamedValues[],
  metadata: Readonly<Record<string, string>> = {},
): void {
  const sorted = [...tensors].sort((a, b) => (a.name < b.name ? -1 : 1));
  fillWhole(path, (file) => {
    writeAll(file, header(sorted, metadata));
    for (const tensor of sorted) writeAll(file, bytesOf(tensor));
  });
}

/** Stands where the checksum is to be while that is computed. */
const unsealed = '0'.repeat(64);

/**
 * The same with `sha256` among its metadata, a checksum over all of the file with zeros in its place: see
 * `sealOf`.
 */
export function writeSealed(
  path: string,
  tensors: readonly NamedValues[],
  metadata: Readonly<Record<string, string>>,
): void {
  const sorted = [...tensors].sort((a, b) => (a.name < b.name ? -1 : 1));
  const head = header(sorted, { sha256: unsealed, ...metadata });
  const hash = createHash('sha256').update(head);
  fillWhole(path, (file) => {
    writeAll(file, head);
    for (const tensor of sorted) {
      const bytes = bytesOf(tensor);
      hash.update(bytes);
      writeAll(file, bytes);
    }
    writeSync(file, hash.digest('hex'), head.indexOf(unsealed));
  });
}

function bytesOf({ values }: NamedValues): Buffer {
  const { buffer, byteOffset, byteLength } = typeof values === 'function' ? values() : values;
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** The checksum that a sealed header holds, and the header as it was when that was computed. */
export function sealOf(head: Buffer): { readonly sha256: string; readonly bare: Buffer } | undefined {
  const text = head.toString('latin1');
  const [, sha256] = /"sha256":"([0-9a-f]{64})"/.exec(text) ?? [];
  if (sha256 === undefined) return undefined;
  return { sha256, bare: Buffer.from(text.replace(sha256, unsealed), 'latin1') };
}

function header(tensors: readonly NamedValues[], metadata: Readonly<Record<string, string>>): Buffer {
  const entries: Record<string, unknown> = Object.keys(metadata).length > 0 ? { __metadata__: metadata } : {};
  let begin = 0;
  for (const { name, shape } of tensors) {
    const end = begin + 4 * shape.reduce((size, n) => size * n, 1);
    entries[name] = { dtype: 'F32', shape, data_offsets: [begin, end] };
    begin = end;
  }
  const text = Buffer.from(JSON.stringify(entries), 'utf8');
  const padded = Buffer.alloc(Math.ceil(text.length / 8) * 8, ' ');
  text.copy(padded);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  return Buffer.concat([length, padded]);
}

/** One call may write less than it was given. */
function writeAll(file: number, bytes: Buffer): void {
  for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done, bytes.length - done);
}
