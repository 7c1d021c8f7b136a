import { writeSync } from 'node:fs';
import { fillWhole } from '../../files';

/** A named float32 tensor in row-major order. */
export interface NamedValues {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
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
  const head = header(sorted, metadata);
  fillWhole(path, (file) => {
    writeAll(file, head);
    for (const { values } of sorted) writeAll(file, Buffer.from(values.buffer, values.byteOffset, values.byteLength));
  });
}

function header(tensors: readonly NamedValues[], metadata: Readonly<Record<string, string>>): Buffer {
  const entries: Record<string, unknown> = Object.keys(metadata).length > 0 ? { __metadata__: metadata } : {};
  let begin = 0;
  for (const { name, shape, values } of tensors) {
    entries[name] = { dtype: 'F32', shape, data_offsets: [begin, begin + values.byteLength] };
    begin += values.byteLength;
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
