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
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { MachineError, UserError } from './errors';
import { ownToken, processes } from './processes';

/** The name under which a file or folder is made; what a killed process left of it bears its dead owner. */
export function unfinished(path: string): string {
  return join(dirname(path), `.tmp-${ownToken()}-${basename(path)}`);
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
    mkdirSync(partial, { recursive: true });
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
    mkdirSync(dirname(path), { recursive: true });
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
    mkdirSync(folder, { recursive: true });
    processes().removeLeftovers(folder);
    writeFileSync(trial, ' ');
  } catch (error) {
    throw explained(error, folder);
  } finally {
    drop(trial);
  }
}

const denied: Readonly<Record<string, string>> = {
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EROFS: 'the file system is read-only',
  ENOTDIR: 'a part of the path is a file',
  EEXIST: 'a part of the path is a file',
  EISDIR: 'there is a folder of this name',
  ENAMETOOLONG: 'the name is too long',
};
const full: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota is used up',
  EFBIG: 'the file would be larger than allowed',
  EIO: 'the disk does not answer',
};

/** Node calls a folder that it may not make missing: what forbids it is said where the path ends for now. */
function codeOf({ code = '', syscall, path }: NodeJS.ErrnoException, access: (folder: string) => void): string {
  if (code !== 'ENOENT' || syscall !== 'mkdir' || path === undefined) return code;
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
