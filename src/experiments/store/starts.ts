import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { UserError } from '../../errors';
import { makeFolder } from '../../files';
import { knownShapes } from '../../model/shapes';
import { cacheFolder } from '../../packages/manifest';
import { readDeltaRecord, type DeltaRecord } from '../../petl/bank/record';
import { collapsedMethod } from '../../petl/design/collapsed';
import type { Method } from '../../petl/design/types';
import { parseMethod, printMethod } from '../../petl/design/written';
import { copyKept, keptHash } from '../../training/kept-files';

/*
 * Adapters that runs start from stand in data/cache/own/<name>@<hash>/, as tasks of own data do: a run's spec names the
 * adapter and the hash, whatever has become of the user's folder.
 */

const known = new Map<string, DeltaRecord>();

/** Folders of adapters that a study in the making names: none is copied before the whole study is one that can be. */
const unkept = new Map<string, string>();

/** The name that a spec has for the adapter in a folder, until it is kept under it. */
export function nameStart(folder: string): string {
  readDeltaRecord(folder);
  const plain = basename(folder)
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '');
  const name = `${plain === '' ? 'adapter' : plain.slice(0, 60)}@${hashOf(folder)}`;
  unkept.set(name, folder);
  return name;
}

/** Keeps the adapter that was named. */
export function keepStart(name: string): void {
  const [folder, path] = [unkept.get(name), pathOf(name)];
  if (folder !== undefined && !existsSync(path))
    makeFolder(path, (place) => {
      copyKept(folder, place);
    });
  unkept.delete(name);
}

/** The folder of the adapter that a spec names; a UserError where it is gone or changed. */
export function startFolder(name: string): string {
  const path = unkept.get(name) ?? pathOf(name);
  if (existsSync(path) && name.endsWith(`@${hashOf(path)}`)) return path;
  throw new UserError(`the adapter ${name} is not here as it was (${path}): define the study again from its folder`);
}

/** Refuses a run that cannot go on from the adapter. */
export function demandStart(name: string, method: string, model: string): void {
  const record = known.get(name) ?? readDeltaRecord(startFolder(name));
  known.set(name, record);
  const { base, written, method: stored } = record;
  const shown = name.replace(/@.*$/, '');
  if (stored.lifecycle.kind === 'rankBudget')
    throw new UserError(`${shown} is ${written}, whose budget of ranks is spent: start it anew, without from`);
  const asked = parseMethod(method);
  const named = printMethod(asked) === written;
  if (named ? !isDeepStrictEqual(collapsedMethod(asked), asked) : !isSameDesign(asked, stored))
    throw new UserError(
      `${shown} is ${written}, and ${method} cannot go on from it: ${named ? 'the prefix is stored without its MLP, ' : ''}write methods: ['${storedForm(record)}']`,
    );
  if (base.name !== model && [base.name, model].every((one) => Object.hasOwn(knownShapes, one)))
    throw new UserError(`${shown} belongs to ${base.name}, not to ${model}: give the study model: '${base.name}'`);
}

/** How an adapter's method is written as it is stored, free vectors in place of a prefix's MLP. */
function storedForm({ written, method }: DeltaRecord): string {
  const plain = written.replace(/,mlp=\d+/g, '');
  return isSameDesign(parseMethod(plain), method) ? plain : written;
}

/** Whether two methods are one, however they are written. */
function isSameDesign(one: Method, other: Method): boolean {
  const plain = ({ name: _, ...design }: Method): unknown => JSON.parse(JSON.stringify(design));
  return isDeepStrictEqual(plain(one), plain(other));
}

function pathOf(name: string): string {
  return join(cacheFolder(), 'own', name);
}

const hashOf = (folder: string): string => keptHash(folder).slice(0, 12);
