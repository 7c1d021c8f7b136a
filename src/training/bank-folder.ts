import { existsSync, readdirSync, realpathSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { UserError } from '../errors';
import { unfinished } from '../files';
import { deltaFiles } from '../petl/bank/record';
import { warnOnce } from '../petl/bank/warn';
import { nearest } from '../petl/design/nearest';

/**
 * Names of the adapters in a bank's folder, in order; none where there is no such folder. Names that begin with a dot
 * are of unfinished copies and of other programs; any other folder that holds no adapter is named in a warning.
 * @throws UserError where it is a file
 */
export function adaptersIn(folder: string): readonly string[] {
  demandFolder(folder);
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder)
    .filter((name) => !name.startsWith('.') && isFolder(join(folder, name)))
    .sort();
  const isAdapter = (name: string): boolean => existsSync(join(folder, name, deltaFiles.record));
  for (const name of names)
    if (!isAdapter(name))
      warnOnce(`${join(folder, name)} holds no ${deltaFiles.record} and is no task of the bank: mend or remove it`);
  return names.filter(isAdapter);
}

/** The adapters of a bank's folder by name. @throws UserError where there is none */
export function namesIn(folder: string): readonly string[] {
  const names = adaptersIn(folder);
  if (names.length > 0) return names;
  throw new UserError(`${folder} holds no adapters: add one with petl bank add ${folder} NAME --adapter DIR`);
}

/** Removes an adapter from a bank's folder: it is gone whole, also where the process is ended meanwhile. */
export function removeFromFolder(folder: string, name: string): void {
  const names = namesIn(folder);
  if (!names.includes(name))
    throw new UserError(`${folder} has no task "${name}": there are ${names.join(', ')}${nearest(name, names)}`);
  const place = join(folder, name);
  const leaving = unfinished(place);
  renameSync(place, leaving);
  rmSync(leaving, { recursive: true });
}

/** @throws UserError on what is no name of a folder */
export function demandName(name: string): void {
  if (/^[\w][\w.-]*$/.test(name)) return;
  throw new UserError(`a task in a bank cannot be called "${name}": use letters, digits, ".", "_" and "-"`);
}

/** @throws UserError where an adapter can not be put into a bank there: on a file, on no name, and inside of an adapter */
export function demandBank(folder: string): void {
  demandFolder(folder);
  const around = above(resolve(folder)).find((place) => existsSync(join(place, deltaFiles.record)));
  if (around !== undefined)
    throw new UserError(`${folder} lies in the folder of an adapter, ${around}: name a folder outside of it`);
}

/** @throws UserError on a file, also where it stands in the path, and on no name at all */
function demandFolder(folder: string): void {
  if (folder.trim() === '') throw new UserError("a bank's folder has no name: give one such as data/bank");
  const file = above(resolve(folder)).find((place) => existsSync(place) && !isFolder(place));
  if (file !== undefined) throw new UserError(`${file} is a file and no bank: name the folder of a bank`);
}

/** The folder and all that it lies in, links followed where it is there. */
function above(place: string): readonly string[] {
  const here = existsSync(place) ? realpathSync(place) : place;
  const parent = dirname(here);
  return parent === here ? [here] : [here, ...above(parent)];
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
