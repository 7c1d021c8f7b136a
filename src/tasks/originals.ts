import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../errors';
import { projectRoot } from '../project';
import { hashOf } from './split';
import { classificationTask, type ClassificationExample, type ClassificationTask } from './classification';
import { generationTask, type GenerationExample, type GenerationTask, type Languages } from './generation';
import { spanTask, type SpanExample, type SpanTask } from './answer-spans';
import { labelField, originalRows, type Row } from './original-rows';
import { regressionTask, type Range, type RegressionExample, type RegressionTask } from './regression';
import type { Example, TaskData } from './task';

/*
 * The papers' own data sets, read from files that the user has: `data/originals/<task>/<file>.jsonl`, one JSON object a
 * line with the
 * field names of the hub's data sets (what `load_dataset(...)[split].to_json(path)` writes), or `<file>.tsv` with a
 * header line (GLUE).
 */

/** What a data set is, and how its rows are read. */
interface Original<E extends Example> {
  readonly name: string;
  /** Its name on the hub. */
  readonly source: string;
  /** Files without ending. Without one for validation, examples of the training file take its place. */
  readonly files: { readonly train: string; readonly validation: string | null; readonly test: string };
  readonly read: (row: Row, id: string) => E;
  /** What of a training example must not be held out from its like, such as the text of several questions. */
  readonly groupOf?: (example: E) => string;
}

/** Examples taken from training, where a data set's validation file is what the papers report on. */
const HELD_OUT = 1000;

/** `data/originals`, or what PETL_ORIGINALS names. */
export function originalsFolder(): string {
  return process.env['PETL_ORIGINALS'] ?? join(projectRoot(), 'data', 'originals');
}

function load<E extends Example>(original: Original<E>): TaskData<E> {
  const { train, validation, test } = original.files;
  const all = examplesOf(original, train);
  if (validation !== null)
    return { train: all, validation: examplesOf(original, validation), test: examplesOf(original, test) };
  const groupOf = original.groupOf ?? (({ id }) => id);
  const shuffled = all
    .map((example) => ({ example, hash: hashOf(`${original.name} ${groupOf(example)}`) }))
    .sort((a, b) => (a.hash === b.hash ? 0 : a.hash < b.hash ? -1 : 1));
  let count = Math.min(HELD_OUT, Math.floor(all.length / 10));
  while (count > 0 && shuffled[count] !== undefined && shuffled[count]?.hash === shuffled[count - 1]?.hash) count++; // a group is held out whole
  const examples = shuffled.map(({ example }) => example);
  return { train: examples.slice(count), validation: examples.slice(0, count), test: examplesOf(original, test) };
}

function examplesOf<E extends Example>(original: Original<E>, file: string): readonly E[] {
  const path = originalFile({ ...original, files: Object.values(original.files), endings: ['jsonl', 'tsv'] }, file);
  return originalRows(path).map((row, i) => original.read(row, `${file}.${i + 1}`));
}

/** The files of a data set below `data/originals`. */
interface Files {
  readonly name: string;
  readonly source: string;
  /** Below `data/originals`; the name where left out. */
  readonly folder?: string;
  /** Without endings. */
  readonly files: readonly (string | null)[];
  readonly endings: readonly string[];
}

/** Where a file of a data set lies. @throws UserError that says what is wanted where it is not there */
export function originalFile(set: Files, file: string): string {
  const found = foundOriginal(set, file);
  if (found !== undefined) return found;
  const { name, source, files, endings } = set;
  const place = placeOf(set);
  const wanted = files.filter((one) => one !== null).map((one) => `${one}.{${endings.join(',')}}`);
  throw new UserError(
    `task "${name}" reads ${source}, which is not here: put ${wanted.join(', ')} into ${place} (docs/originals.md)`,
  );
}

/** The same; undefined where it is not there. */
export function foundOriginal(set: Pick<Files, 'name' | 'folder' | 'endings'>, file: string): string | undefined {
  return set.endings.map((ending) => join(placeOf(set), `${file}.${ending}`)).find((path) => existsSync(path));
}

const placeOf = ({ name, folder = name }: Pick<Files, 'name' | 'folder'>): string => join(originalsFolder(), folder);

export function classificationOriginal(
  original: Omit<Original<ClassificationExample>, 'read'> & Pick<Partial<ClassificationTask>, 'metric' | 'pairs'>,
  labels: readonly string[],
  textsOf: (row: Row, id: string) => Pick<ClassificationExample, 'text' | 'pair'>,
): ClassificationTask {
  const { name, source, metric = 'accuracy', pairs } = original;
  const read = (row: Row, id: string): ClassificationExample => ({
    id,
    ...textsOf(row, id),
    label: labelField(row, id, labels),
  });
  const about = `${source}, from your own files`;
  return classificationTask({
    name,
    about,
    metric,
    labels,
    ...(pairs && { pairs }),
    load: () => later(() => load({ ...original, read })),
  });
}

/** @param range lowest and highest value: a value outside, as in test files without values, is refused */
export function regressionOriginal(
  original: Original<RegressionExample> & Pick<RegressionTask, 'pairs'>,
  range: Range,
): RegressionTask {
  const { name, source, pairs } = original;
  const about = `${source}, from your own files`;
  const read = (row: Row, id: string): RegressionExample => {
    const example = original.read(row, id);
    if (example.value >= range[0] && example.value <= range[1]) return example;
    throw new UserError(
      `example ${id} has the value ${example.value}: values are ${range.join(' to ')} (test files without values cannot be scored)`,
    );
  };
  return regressionTask({
    name,
    about,
    range,
    ...(pairs && { pairs }),
    load: () => later(() => load({ ...original, read })),
  });
}

export function spanOriginal(original: Original<SpanExample>): SpanTask {
  const { name, source } = original;
  return spanTask({ name, about: `${source}, from your own files`, load: () => later(() => load(original)) });
}

export function generationOriginal(
  original: Original<GenerationExample>,
  over: { readonly languages: Languages | null; readonly targetTokens: number },
): GenerationTask {
  const { name, source } = original;
  const about = `${source}, from your own files`;
  return generationTask({ name, about, load: () => later(() => load(original)), ...over });
}

/** A fault in reading rejects. */
function later<T>(make: () => T): Promise<T> {
  return Promise.resolve().then(make);
}
