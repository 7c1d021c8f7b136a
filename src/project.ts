import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

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

/** Whether another project has installed this one: no lab is here then. */
export function isDependency(): boolean {
  return basename(dirname(projectRoot())) === 'node_modules';
}

/** Where npm has put a package: here, or in the project that installed this one. */
export function packageFolder(name: string): string {
  const beside = join(dirname(projectRoot()), name);
  return isDependency() && existsSync(beside) ? beside : join(projectRoot(), 'node_modules', name);
}
