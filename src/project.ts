import { existsSync } from 'node:fs';
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

interface Installed {
  readonly isDependency: boolean;
  readonly npmFolder: (name: string) => string;
}
const installed = (): Installed => require(join(projectRoot(), 'bin', 'installed.cjs')) as Installed;

/** Whether another project has installed this one: no lab is here then. */
export const isDependency = (): boolean => installed().isDependency;

/** Where npm has put a package: here, or in the project that installed this one. */
export const npmFolder = (name: string): string => installed().npmFolder(name);
