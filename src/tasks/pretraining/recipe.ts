import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { readJson, type Schema } from '../../json';
import { projectRoot } from '../../project';
import { shippedTasks } from '../shipped/index';
import type { Task } from '../task';
import type { Corpus } from './documents';
import { heldOutTexts } from './hashes';
import { selectCorpus } from './select';
import { documentsOf } from './sources/index';

/** The part of a recipe that says which texts it takes; the rest is read by the Python that trains. */
export interface Recipe {
  readonly name: string;
  /** Another recipe of whose corpus this one takes some sources. */
  readonly within?: string | undefined;
  /** Tasks whose validation and test examples stay out, those of the day the corpus was made. */
  readonly tasks: readonly string[];
  /** Source, how it is cut or turned, and share of the target tokens in percent. */
  readonly mix: readonly (readonly [source: string, how: string, share: number])[];
}

const schema: Schema<Recipe> = v.object({
  name: v.string(),
  within: v.optional(v.string()),
  tasks: v.array(v.string()),
  mix: v.array(v.tuple([v.string(), v.string(), v.number()])),
});

/** Where recipes and what is known of their corpora lie. */
export function pretrainingFolder(...below: readonly string[]): string {
  return join(projectRoot(), 'data', 'pretraining', ...below);
}

export function recipeNames(): readonly string[] {
  const names = readdirSync(pretrainingFolder()).sort();
  return names.filter((name) => existsSync(pretrainingFolder(name, 'recipe.json')));
}

export function recipeNamed(name: string): Recipe {
  const remedy = `choose from ${recipeNames().join(', ')}`;
  return readJson(pretrainingFolder(name, 'recipe.json'), schema, remedy);
}

export function sourcesOf({ mix }: Recipe): ReadonlySet<string> {
  return new Set(mix.map(([source]) => source));
}

export function tasksOf({ tasks }: Recipe): readonly Task[] {
  return tasks.map((name) => {
    const task = shippedTasks.find((shipped) => shipped.name === name);
    if (task === undefined) throw new Error(`a recipe names task "${name}", which is no more`);
    return task;
  });
}

/** The documents of a recipe, chosen among those of the corpus that it lies within. */
export async function corpusOf(recipe: Recipe): Promise<Corpus> {
  const whole = recipe.within === undefined ? recipe : recipeNamed(recipe.within);
  const corpus = selectCorpus(await documentsOf(sourcesOf(whole)), await heldOutTexts(tasksOf(whole)));
  const wanted = sourcesOf(recipe);
  const of = (part: keyof Corpus): Corpus['train'] => corpus[part].filter(({ source }) => wanted.has(source));
  return { train: of('train'), kept: of('kept') };
}
