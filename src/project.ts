import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Folder of the project, found upwards from this file: the same from `src`, from the transpiled copy under
 * `.cache/build`
 * and from a notebook's compiled cells, whatever the working directory is.
 */
export function projectRoot(): string {
  for (let folder = __dirname; folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, 'data', 'packages.json'))) return folder;
  }
  return process.cwd();
}

/** Whether a process of this number lives: leftovers of dead ones may go. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Writes a text file whole or not at all, and the folder it stands in. Returns its path. */
export function writeWhole(path: string, text: string): string {
  const partial = `${path}.partial-${process.pid}`;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(partial, text);
  renameSync(partial, path);
  return path;
}
