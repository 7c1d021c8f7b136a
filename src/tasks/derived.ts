import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageFolder } from './manifest';

/**
 * What `make` gives, kept as `file` in the folder of the fetched package `name`, from where it is read the next time.
 * The file name must change
 * with the construction; fetching the package anew removes it.
 */
export async function derived<T>(name: string, file: string, make: (folder: string) => Promise<T>): Promise<T> {
  const folder = packageFolder(name);
  const path = join(folder, file);
  if (!existsSync(path)) {
    const temporary = `${path}.${process.pid}`;
    writeFileSync(temporary, JSON.stringify(await make(folder)));
    renameSync(temporary, path);
  }
  return JSON.parse(readFileSync(path, 'utf8')) as T;
}
