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
