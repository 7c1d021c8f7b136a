import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../project';

/** A model that this project pretrained, and its folder below the project. */
export interface OwnModel {
  readonly name: string;
  readonly folder: string;
}

/** The models that this project pretrained: the folders of `data/models`. */
export function ownModels(): readonly OwnModel[] {
  const root = join('data', 'models');
  const names = existsSync(join(projectRoot(), root)) ? readdirSync(join(projectRoot(), root)).sort() : [];
  return names
    .map((name) => ({ name, folder: `data/models/${name}` }))
    .filter(({ folder }) => existsSync(join(projectRoot(), folder, 'config.json')));
}

/** The same model before any training: a control that has learned nothing. */
export function untrained(name: string): string {
  return `${name}-random`;
}
