import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { MachineError, UserError } from './errors';
import { ownToken, processes } from './processes';

/** The name under which a file or folder is made; what a killed process left of it bears its dead owner. */
export function unfinished(path: string): string {
  return join(dirname(path), `.tmp-${ownToken()}-${basename(path)}`);
}

/**
 * Makes a folder and those above it, one by one: where a file system makes none, as `/proc`, Node's `recursive` tries for
 * ever.
 */
export function makeFolders(path: string): void {
  for (const folder of missingFolders(path))
    try {
      mkdirSync(folder);
    } catch (error) {
      if (!isFolder(folder)) throw error; // another process may have made it meanwhile
    }
}

/** From the outermost. */
function missingFolders(path: string): readonly string[] {
  const missing: string[] = [];
  for (let at = resolve(path); !existsSync(at) && dirname(at) !== at; at = dirname(at)) missing.unshift(at);
  return missing;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** Writes a file whole or not at all, and the folder it stands in. Returns its path. */
export function writeWhole(path: string, content: string | Uint8Array): string {
  return fillWhole(path, (file) => writeFileSync(file, content));
}

/** The same for a file that `fill` writes piece by piece. */
export function fillWhole(path: string, fill: (file: number) => void): string {
  return whole(path, (partial) => {
    const file = openSync(partial, 'w');
    try {
      fill(file);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  });
}

/** A folder that appears with everything in it, or not at all; files of one that is there already are replaced. */
export function makeFolder<T>(path: string, fill: (folder: string) => T): T {
  const partial = unfinished(path);
  try {
    makeFolders(partial);
    const made = fill(partial);
    if (existsSync(path)) for (const name of readdirSync(partial)) renameSync(join(partial, name), join(path, name));
    else renameSync(partial, path);
    return made;
  } catch (error) {
    throw explained(error, path);
  } finally {
    drop(partial);
  }
}

function whole(path: string, make: (partial: string) => void): string {
  const partial = unfinished(path);
  try {
    makeFolders(dirname(path));
    make(partial);
    renameSync(partial, path);
    return path;
  } catch (error) {
    drop(partial);
    throw explained(error, path);
  }
}

/** Where nothing could be written there may be nothing to remove, which is no second fault. */
function drop(partial: string): void {
  if (existsSync(partial)) rmSync(partial, { recursive: true, force: true });
}

/** Makes the folder and tries to write there, before anything is computed for it. */
export function demandWritable(folder: string): void {
  const trial = unfinished(join(folder, 'trial'));
  try {
    makeFolders(folder);
    processes().removeLeftovers(folder);
    writeFileSync(trial, ' ');
  } catch (error) {
    throw explained(error, folder);
  } finally {
    drop(trial);
  }
}

/** The same before it is known whether anything will be written: a folder that was not there is not left behind. */
export function demandPlace(folder: string): void {
  const missing = missingFolders(folder);
  try {
    demandWritable(folder);
  } finally {
    for (const made of [...missing].reverse()) dropEmpty(made);
  }
}

function dropEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    /* it was not made, or another process has put something there */
  }
}

/** The same for a file, which may be there already, but not as a folder. */
export function demandFilePlace(file: string): void {
  if (isFolder(file)) throw new UserError(`cannot write ${file}: ${denied['EISDIR']}: name another file`);
  demandWritable(dirname(resolve(file)));
}

const denied: Readonly<Record<string, string>> = {
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EROFS: 'the file system is read-only',
  ENOTDIR: 'a part of the path is a file',
  EEXIST: 'a part of the path is a file, or a link that leads nowhere',
  ELOOP: 'links of the path lead in a circle',
  EISDIR: 'there is a folder of this name',
  ENAMETOOLONG: 'the name is too long',
  unmade: 'nothing can be made there',
};
const full: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota is used up',
  EFBIG: 'the file would be larger than allowed',
  EIO: 'the disk does not answer',
};

/**
 * Node calls a folder that it may not make missing: what forbids it is said where the path ends for now. Of a folder that
 * is there, as `/proc`, only what stands in it can be missing, and cannot be made.
 */
function codeOf({ code = '', syscall, path }: NodeJS.ErrnoException, access: (folder: string) => void): string {
  if (code !== 'ENOENT' || path === undefined) return code;
  const made = syscall === 'mkdir' || basename(path).startsWith('.tmp-'); // no file that is read is called so
  if (made && existsSync(dirname(path))) return 'unmade';
  if (syscall !== 'mkdir') return code;
  let there = path;
  while (!existsSync(there) && dirname(there) !== there) there = dirname(there);
  try {
    access(there);
    return code;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? code;
  }
}

/** One line for what the file system refuses; every other error as it is. */
export function explained(
  error: unknown,
  path: string,
  access: (folder: string) => void = (folder) => accessSync(folder, constants.W_OK),
): unknown {
  const code = codeOf(error as NodeJS.ErrnoException, access);
  if (denied[code] !== undefined)
    return new UserError(`cannot write ${path}: ${denied[code]}: name another folder, or change its owner or rights`);
  if (full[code] !== undefined)
    return new MachineError(`cannot write ${path}: ${full[code]}: make room, then run the same command again`);
  return error;
}
