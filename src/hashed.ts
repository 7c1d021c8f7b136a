import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
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

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
