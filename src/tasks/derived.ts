import { join } from 'node:path';
import { readHashed, writeHashed } from '../hashed';
import { packageFolder } from '../packages/content';

/**
 * What `make` gives, kept as `file` in the folder of the fetched package `name`, from where it is read the next time.
 * The file name must change with the construction; fetching the package anew removes it, and a damaged one is made anew.
 */
export async function derived<T>(name: string, file: string, make: (folder: string) => Promise<T>): Promise<T> {
  const folder = packageFolder(name);
  const path = join(folder, `hashed-${file}`); // older versions kept them without a hash, under the bare name
  const kept = readHashed(path);
  if (kept !== undefined) return JSON.parse(kept) as T;
  const text = JSON.stringify(await make(folder));
  writeHashed(path, text);
  return JSON.parse(text) as T;
}
