import { createHash, type Hash } from 'node:crypto';
import { closeSync, existsSync, openSync, readFileSync, readSync } from 'node:fs';
import { writeWhole } from './files';

/** Writes a text under its own SHA-256, so that a later change of the file is seen. */
export function writeHashed(path: string, text: string): void {
  writeWhole(path, `${hashOf(text)}\n${text}`);
}

/** The text that `writeHashed` wrote; undefined where there is no file, or another text than was written. */
export function readHashed(path: string): string | undefined {
  if (!existsSync(path)) return undefined;
  const all = readFileSync(path, 'utf8');
  const text = all.slice(65);
  return all.startsWith(`${hashOf(text)}\n`) ? text : undefined;
}

/** A file's bytes into a hash through one buffer: however large it is, nothing of it stays in memory. */
export function digestFile(hash: Hash, path: string): Hash {
  const [piece, file] = [Buffer.alloc(1 << 20), openSync(path, 'r')];
  try {
    for (let count = readSync(file, piece); count > 0; count = readSync(file, piece))
      hash.update(piece.subarray(0, count));
    return hash;
  } finally {
    closeSync(file);
  }
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
