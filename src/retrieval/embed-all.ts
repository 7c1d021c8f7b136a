import { join } from 'node:path';
import type { Passage } from '../tasks/collections/collection';
import { keptPart, writePart, type Part } from '../tasks/collections/part';
import type { Embedder } from './embed';
import { makeFolders } from '../files';

/** Passages whose vectors are kept together while an index is made: what is lost when the process is killed. */
const CHUNK = 2048;

interface Chunks {
  readonly folder: string;
  /** Hash of the passages. */
  readonly passages: string;
  readonly progress: (done: number, of: number) => void;
}

/** `[passages, width]`, chunk by chunk; chunks that an earlier build left are read. */
export function embedAll(
  embedder: Embedder,
  passages: readonly Passage[],
  { folder, passages: hash, progress }: Chunks,
): Uint8Array {
  makeFolders(folder);
  const chunks: Uint8Array[] = [];
  for (let from = 0; from < passages.length; from += CHUNK) {
    const texts = passages.slice(from, from + CHUNK).map(({ text }) => text);
    const origin = { passages: hash, encoder: embedder.hash, from: String(from) };
    const path = join(folder, String(from));
    const make = (): Part => {
      const vectors = embedder.embed(texts, (done) => progress(from + done, passages.length));
      return writePart(path, origin, new Uint8Array(vectors.buffer));
    };
    chunks.push((keptPart(path, origin) ?? make()).body);
  }
  return Buffer.concat(chunks);
}
