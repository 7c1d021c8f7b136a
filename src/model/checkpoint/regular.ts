import { openSync, readFileSync, statSync } from 'node:fs';
import { UserError } from '../../errors';

/** Throws a UserError where a path names a pipe, a device or a folder: reading one may never end. */
export function demandRegular(path: string): void {
  if (!statSync(path).isFile())
    throw new UserError(`${path} is no regular file: give a file, not a folder, pipe or device`);
}

/** Opens a file for reading. */
export function openRegular(path: string): number {
  demandRegular(path);
  return openSync(path, 'r');
}

/** The JSON record that a file holds. */
export function recordIn(path: string): Readonly<Record<string, unknown>> {
  demandRegular(path);
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new UserError(`${path} is not valid JSON (${(error as Error).message}): copy or fetch the file again`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new UserError(`${path} holds no JSON object: copy or fetch the file again`);
  return value as Readonly<Record<string, unknown>>;
}
