import { join } from 'node:path';
import { existsSync } from 'node:fs';
import { models } from '../../model/registry';
import { cacheFolder, folderName, readManifest } from '../../packages/manifest';
import { isOwnName } from '../../tasks/own/stored';
import { taskNamed } from '../../tasks/registry';
import type { RunSpec } from '../store/spec';

/**
 * What a run reads of `data/cache`, as paths below it: packages of weights and data, which carry their pinned hashes,
 * and what is named by its own hash. A worker that lacks one is sent it.
 */
export function parcelsOf({ model, task, training }: RunSpec): readonly string[] {
  const source = models.find(({ name }) => name === model)?.source ?? null;
  const packages = [...(source === null ? [] : [source]), ...taskNamed(task).packages];
  const [, hub] = /^hub:([^@]+)/.exec(model) ?? [];
  return [
    ...new Set([
      ...packages.map(placeOf),
      ...(isOwnName(task) ? [join('own', `${task}.json`)] : []),
      ...(training.from === null ? [] : [join('own', training.from)]),
      ...(hub === undefined ? [] : [join('hub', hub.replace('/', '--'))]),
    ]),
  ].filter((path) => existsSync(join(cacheFolder(), path)));
}

/** Folder of a package below the cache; the package index of Debian has its own name. */
function placeOf(name: string): string {
  const source = readManifest().find((known) => known.name === name);
  return source === undefined ? name : folderName(source);
}
