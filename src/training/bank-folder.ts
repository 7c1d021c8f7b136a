import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../errors';
import { deltaFiles } from '../petl/bank/record';
import { nearest } from '../petl/design/nearest';

/** Names of the adapters in a bank's folder, in order; none where there is no such folder. */
export function adaptersIn(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, deltaFiles.record)))
    .sort();
}

/** The adapters of a bank's folder by name. @throws UserError where there is none */
export function namesIn(folder: string): readonly string[] {
  const names = adaptersIn(folder);
  if (names.length > 0) return names;
  throw new UserError(`${folder} holds no adapters: add one with petl bank add ${folder} NAME --adapter DIR`);
}

/** Removes an adapter from a bank's folder. */
export function removeFromFolder(folder: string, name: string): void {
  const names = namesIn(folder);
  if (!names.includes(name))
    throw new UserError(`${folder} has no task "${name}": there are ${names.join(', ')}${nearest(name, names)}`);
  rmSync(join(folder, name), { recursive: true });
}

/** @throws UserError on what is no name of a folder */
export function demandName(name: string): void {
  if (/^[\w][\w.-]*$/.test(name)) return;
  throw new UserError(`a task in a bank cannot be called "${name}": use letters, digits, ".", "_" and "-"`);
}
