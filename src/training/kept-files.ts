import { createHash } from 'node:crypto';
import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { digestFile } from '../hashed';
import { deltaFiles } from '../petl/bank/record';
import { makeFolders } from '../files';

/** What a kept adapter says of its task, beside the files of its delta. */
export const noteFile = 'task.json';
/** All files of a kept adapter, in the order in which they are hashed. */
const keptFiles = [...Object.values(deltaFiles), noteFile] as const;

/** Those of an adapter's files that its folder has: a delta alone has no note. */
function keptFilesIn(folder: string): readonly string[] {
  return keptFiles.filter((name) => existsSync(join(folder, name)));
}

/** The files of a kept adapter, and nothing that lies beside them. */
export function copyKept(from: string, to: string): void {
  makeFolders(to);
  for (const name of keptFilesIn(from)) copyFileSync(join(from, name), join(to, name));
}

/** SHA-256 of an adapter's files, names included. */
export function keptHash(folder: string): string {
  const hash = createHash('sha256');
  for (const name of keptFilesIn(folder)) digestFile(hash.update(`${name}\n`), join(folder, name));
  return hash.digest('hex');
}
