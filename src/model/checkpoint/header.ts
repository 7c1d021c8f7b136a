import { readSync } from 'node:fs';
import { UserError } from '../../errors';

/** One tensor as a safetensors header lists it. */
export interface HeaderEntry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** First byte and the byte behind the last, from the end of the header. */
  readonly offsets: readonly [from: number, to: number];
}

/** Bytes per value. Tensors of integers are buffers such as position ids: listed, never read. */
export const widths: Readonly<Record<string, number>> = {
  F32: 4,
  F16: 2,
  BF16: 2,
  F64: 8,
  F8_E4M3: 1,
  F8_E5M2: 1,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U64: 8,
  U32: 4,
  U16: 2,
  U8: 1,
  BOOL: 1,
};

/** What the format allows. */
const longestHeader = 100_000_000;

/**
 * The header of an open safetensors file. Throws a UserError on whatever the format forbids: a header that is no object,
 * names twice, tensors that overlap, leave holes or do not end with the file.
 * @param total bytes of the file
 */
export function readHeader(
  file: number,
  path: string,
  total: number,
): { readonly entries: readonly HeaderEntry[]; readonly start: number } {
  const prefix = Buffer.alloc(8);
  readSync(file, prefix, 0, 8, 0);
  const length = Number(prefix.readBigUInt64LE());
  if (total < 8 || length > total - 8) throw cutOff(path);
  if (length > longestHeader) throw damaged(path, `a header of ${length} bytes`);
  const text = Buffer.alloc(length);
  readSync(file, text, 0, length, 8);
  const entries = entriesOf(decoded(text, path), path);
  demandCovered(entries, path, total - 8 - length);
  return { entries, start: 8 + length };
}

function decoded(text: Buffer, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(text);
  } catch {
    throw damaged(path, 'a header that is no UTF-8');
  }
}

export function cutOff(path: string): UserError {
  return new UserError(`${path} is cut off: fetch it again (petl fetch, or copy the whole file)`);
}

function damaged(path: string, what: string): UserError {
  return new UserError(`${path} is damaged, it has ${what}: fetch or copy it again`);
}

function entriesOf(text: string, path: string): readonly HeaderEntry[] {
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch {
    throw new UserError(`${path} has no readable safetensors header: it is damaged or another format; fetch it again`);
  }
  if (!isRecord(header)) throw damaged(path, 'a header that is no object');
  const twice = repeatedKey(text);
  if (twice !== undefined) throw damaged(path, `"${twice}" twice in its header`);
  return Object.entries(header).flatMap(([name, entry]) =>
    name === '__metadata__' ? [] : [checked(path, name, entry)],
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A key that an object of valid JSON holds twice, of which JSON.parse keeps the last. */
export function repeatedKey(text: string): string | undefined {
  const open: (Set<string> | undefined)[] = []; // keys of each object under way, undefined for a list
  for (const [token, key] of text.matchAll(/("(?:[^"\\]|\\.)*")(?=\s*:)|"(?:[^"\\]|\\.)*"|[{}[\]]/g)) {
    if (token === '{') open.push(new Set());
    else if (token === '[') open.push(undefined);
    else if (token === '}' || token === ']') open.pop();
    else if (key !== undefined) {
      const name = JSON.parse(key) as string;
      const keys = open[open.length - 1];
      if (keys?.has(name) === true) return name;
      keys?.add(name);
    }
  }
  return undefined;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function checked(path: string, name: string, entry: unknown): HeaderEntry {
  const given: Readonly<Record<string, unknown>> = isRecord(entry) ? entry : {};
  const { dtype, shape, data_offsets: offsets } = given;
  const strange = Object.keys(given).find((key) => !['dtype', 'shape', 'data_offsets'].includes(key));
  if (strange !== undefined) throw damaged(path, `"${strange}" at tensor ${name}, which the format does not know`);
  if (!Array.isArray(shape) || !shape.every(isCount)) throw damaged(path, `no shape for tensor ${name}`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount))
    throw damaged(path, `no place for tensor ${name}`);
  const width = widths[String(dtype)];
  if (width === undefined)
    throw new UserError(
      `${path}: tensor ${name} has type ${String(dtype)}; this reader knows ${Object.keys(widths).join(', ')}`,
    );
  const [from, to] = offsets as [number, number];
  const bytes = shape.reduce((a, b) => a * b, 1) * width;
  if (to - from !== bytes)
    throw new UserError(
      `${path}: tensor ${name} has ${to - from} bytes, shape [${shape.join()}] needs ${bytes}; fetch the file again`,
    );
  return { name, dtype: String(dtype), shape, offsets: [from, to] };
}

/** Every byte of the data belongs to one tensor. */
function demandCovered(entries: readonly HeaderEntry[], path: string, size: number): void {
  let at = 0;
  for (const { name, offsets } of [...entries].sort(
    (a, b) => a.offsets[0] - b.offsets[0] || a.offsets[1] - b.offsets[1],
  )) {
    if (offsets[1] > size) throw cutOff(path);
    if (offsets[0] !== at)
      throw damaged(path, `tensor ${name} at byte ${offsets[0]} of its data, where ${at} is the next that is free`);
    at = offsets[1];
  }
  if (at !== size) throw damaged(path, `${size - at} bytes behind its last tensor`);
}
