import { join } from 'node:path';
import { readHashed, writeHashed } from '../hashed';
import { readText, type Schema } from '../json';
import { packageFolder } from '../packages/content';

/**
 * What `make` gives, kept as `file` in the folder of the fetched package `name`, from where it is read the next time.
 * The file name must change with the construction; fetching the package anew removes it, and a damaged one is made anew.
 */
export async function derived<T>(
  name: string,
  file: string,
  schema: Schema<T>,
  make: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = packageFolder(name);
  const path = join(folder, `hashed-${file}`); // older versions kept them without a hash, under the bare name
  const kept = readHashed(path);
  const read = kept === undefined ? undefined : readText(kept, schema);
  if (read?.kind === 'value') return read.value;
  const made = await make(folder);
  writeHashed(path, JSON.stringify(made));
  return made;
}
