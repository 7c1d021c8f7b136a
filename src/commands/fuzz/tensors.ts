import type { Random } from '../../random';
import { mutateBytes, mutateJson, type Mutated } from './mutate';

/**
 * What a safetensors file says, without notes: equal headers and data say the same.
 * @param unread tensors that nothing reads, such as a head's
 */
export function meaningOf(bytes: Uint8Array, unread: (name: string) => boolean = () => false): unknown {
  try {
    const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes.slice(8, 8 + length));
    const { __metadata__: _notes, ...header } = JSON.parse(text) as Record<string, unknown>;
    const twice = keysIn(text) - keysIn(JSON.stringify(JSON.parse(text)));
    const all = Object.entries(header as Record<string, Entry>);
    const data = bytes.slice(8 + length);
    for (const [, { data_offsets: at }] of all.filter(([name]) => unread(name)))
      if (Array.isArray(at)) data.fill(0, Number(at[0]), Number(at[1]));
    const read = all.filter(([name]) => !unread(name));
    const entries = read.map(([name, entry]) => [
      name.replace(/^.*(?=prefix_tunings\.)/, ''), // adapters keeps copies of a prefix below every layer
      entry.dtype,
      entry.shape,
      entry.data_offsets,
    ]);
    return { entries, twice, data: Buffer.from(data).toString('base64') };
  } catch {
    return undefined;
  }
}

/** What else stands in an entry the format passes over. */
interface Entry {
  readonly dtype?: unknown;
  readonly shape?: unknown;
  readonly data_offsets?: unknown;
}

const keysIn = (text: string): number => text.match(/"(?:[^"\\\\]|\\\\.)*"\s*:/g)?.length ?? 0;

/** Half the time bytes anywhere, half in the header. */
export function mutateSafetensors(bytes: Uint8Array, random: Random): Mutated<Uint8Array> {
  if (random() < 0.5) return mutateBytes(bytes, random);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const edit = mutateJson(new TextDecoder().decode(bytes.slice(8, 8 + length)), random);
  const header = new TextEncoder().encode(edit.value);
  const whole = new Uint8Array(8 + header.length + bytes.length - 8 - length);
  new DataView(whole.buffer).setBigUint64(0, BigInt(header.length), true);
  whole.set(header, 8);
  whole.set(bytes.slice(8 + length), 8 + header.length);
  return { what: edit.what, value: whole };
}
