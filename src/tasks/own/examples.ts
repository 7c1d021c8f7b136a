import { createHash } from 'node:crypto';
import { UserError } from '../../errors';
import { hashOf, splitOf, type Split } from '../split';
import type {
  ClassificationExample,
  Example,
  GenerationExample,
  MultiLabelExample,
  RegressionExample,
  SpanExample,
  TaskData,
} from '../task';
import { normalText } from '../text';
import { readOwn } from './files';
import { distinct, labelsOf, mostClasses, unseenRemedy } from './labels';
import {
  demandColumn,
  demandFlag,
  demandNumber,
  demandPlace,
  demandText,
  demandWhole,
  recordsOfRows,
  type DataRow,
  type Records,
  type Row,
} from './records';

/** Where a user's examples come from: one file or list to be divided, or three that are divided already. */
export interface Source {
  /** A `.csv`, `.tsv` or `.jsonl` file. */
  readonly file?: string;
  readonly rows?: readonly Row[];
  readonly files?: Readonly<{ [split in Split]: string }>;
  /** Column of a name of each example; its row's number where left out. */
  readonly id?: string;
  /** Column whose equal values stay in one split; equal texts where left out. */
  readonly group?: string;
}

export interface ClassificationColumns {
  readonly text: string;
  /** Column of the second text of a pair. */
  readonly pair?: string;
  readonly label: string;
}

export interface RegressionColumns {
  readonly text: string;
  /** Column of the second text of a pair. */
  readonly pair?: string;
  readonly value: string;
}

export interface MultiLabelColumns {
  readonly text: string;
  /** Column of the second text of a pair. */
  readonly pair?: string;
  /** One column that names an example's labels with `;` between them, or a column of 1 and 0 for each label. */
  readonly labels: string | readonly string[];
}

export interface SpanColumns {
  readonly question: string;
  /** Column of the text that holds the answer. */
  readonly context: string;
  /** Column of the answer, as it stands in the text. */
  readonly answer: string;
  /** Column of the place where it begins, in UTF-16 units from 0; its first occurrence where left out. */
  readonly start?: string;
}

export interface GenerationColumns {
  readonly source: string;
  readonly target: string;
}

/** Examples read from the user's data, and what a reader of the results must know of them. */
export interface OwnData<E extends Example> {
  readonly data: TaskData<E>;
  /** SHA-256 of everything that was read: a result belongs to these examples. */
  readonly hash: string;
  /** Test examples whose texts are also trained on (but for case, space and punctuation). */
  readonly leaked: number;
}

/**
 * Labelled texts. Labels are the values of the label column as they stand, in order of number or of code points; every
 * class must occur in training. Faults of the data are UserErrors of one line with row and column.
 */
export function classificationData(
  source: Source,
  { text, pair, label }: ClassificationColumns,
): OwnData<ClassificationExample> & { readonly labels: readonly string[] } {
  const parts = partsOf(source, [...textColumns(text, pair), [label, 'label']]);
  const labels = labelsOf(rowsOf(parts), label);
  const places = new Map(labels.map((value, i) => [value, i]));
  const own = ownData(source, parts, (row, id): ClassificationExample => ({
    id,
    ...textsIn(row, text, pair),
    label: places.get(demandText(row, label, 'label')) ?? 0,
  }));
  const trained = new Set(own.data.train.map((example) => example.label));
  const unseen = labels.find((_, i) => !trained.has(i));
  if (unseen !== undefined)
    throw new UserError(`no training example has the label "${unseen}": ${unseenRemedy(labels, label)}`);
  return { ...own, labels };
}

/** Texts with a number each, and the range of those that are trained on. */
export function regressionData(
  source: Source,
  { text, pair, value }: RegressionColumns,
): OwnData<RegressionExample> & { readonly range: readonly [low: number, high: number] } {
  const parts = partsOf(source, [...textColumns(text, pair), [value, 'value']]);
  const own = ownData(source, parts, (row, id): RegressionExample => ({
    id,
    ...textsIn(row, text, pair),
    value: demandNumber(row, value, 'value'),
  }));
  const values = own.data.train.map((example) => example.value);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  if (low === high)
    throw new UserError(`column "${value}" has one value, ${low}, in all training rows: nothing to learn`);
  return { ...own, range: [low, high] };
}

/** Texts with any number of labels; each label must occur in training. */
export function multiLabelData(
  source: Source,
  { text, pair, labels: columns }: MultiLabelColumns,
): OwnData<MultiLabelExample> & { readonly labels: readonly string[] } {
  const wanted = (typeof columns === 'string' ? [columns] : columns).map((column) => [column, 'labels'] as const);
  const parts = partsOf(source, [...textColumns(text, pair), ...wanted]);
  const namesIn = (row: DataRow): readonly string[] =>
    typeof columns === 'string' ? listIn(row, columns) : columns.filter((column) => demandFlag(row, column));
  const labels = typeof columns === 'string' ? distinct(rowsOf(parts), columns, namesIn).sort() : columns;
  if (labels.length > mostClasses)
    throw new UserError(
      `column "${String(columns)}" names ${labels.length} labels: at most ${mostClasses} are told apart`,
    );
  const places = new Map(labels.map((value, i) => [value, i]));
  const own = ownData(source, parts, (row, id): MultiLabelExample => ({
    id,
    ...textsIn(row, text, pair),
    labels: [...new Set(namesIn(row).map((name) => places.get(name) ?? 0))].sort((a, b) => a - b),
  }));
  const trained = new Set(own.data.train.flatMap((example) => example.labels));
  const unseen = labels.find((_, i) => !trained.has(i));
  if (unseen !== undefined || labels.length === 0)
    throw new UserError(
      `no training example has ${unseen === undefined ? 'a label' : `the label "${unseen}"`}: add some, or leave it out`,
    );
  return { ...own, labels };
}

/** Questions with texts that hold their answers; examples of one text stay in one split. */
export function spanData(source: Source, columns: SpanColumns): OwnData<SpanExample> {
  const { question, context, answer, start } = columns;
  const parts = partsOf(source, [
    [question, 'question'],
    [context, 'text'],
    [answer, 'answer'],
    ...(start === undefined ? [] : [[start, 'place of the answer'] as const]),
  ]);
  const grouped = source.group === undefined && source.files === undefined ? { ...source, group: context } : source;
  return ownData(grouped, parts, (row, id): SpanExample => {
    const [text, pair] = [demandWhole(row, question, 'question'), demandWhole(row, context, 'text')];
    const said = demandText(row, answer, 'answer');
    const at = start === undefined ? pair.indexOf(said) : demandPlace(row, start, 'place of the answer');
    if (at >= 0 && pair.startsWith(said, at)) return { id, text, pair, answers: [{ text: said, start: at }] };
    throw start === undefined
      ? new UserError(`${misplaced(row, answer, said)}: give the answer as it is written there`)
      : new UserError(`${misplaced(row, answer, said)} at ${at}: ${placeRemedy(pair, said, at)}`);
  });
}

const misplaced = ({ at }: DataRow, column: string, said: string): string =>
  `${at}, column "${column}": "${shortly(said)}" does not stand in the text`;

/** Python counts characters outside of Unicode's first plane, such as emoji, as one, JavaScript as two. */
function placeRemedy(text: string, said: string, at: number): string {
  const units = [...text].slice(0, at).join('').length;
  return units !== at && text.startsWith(said, units)
    ? `it does in code points, as Python counts; places are in UTF-16 units, as in JavaScript: write ${units}`
    : 'give the answer as it is written there';
}

function shortly(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 59)}…`;
}

/** `a; b`: none where the cell is empty. */
function listIn({ cells }: DataRow, column: string): readonly string[] {
  const parts = (cells.get(column) ?? '').split(';').map((part) => part.trim());
  return parts.filter((part) => part !== '');
}

function textColumns(text: string, pair: string | undefined): readonly (readonly [column: string, role: string])[] {
  return [[text, 'text'], ...(pair === undefined ? [] : [[pair, 'second text'] as const])];
}

function textsIn(
  row: DataRow,
  text: string,
  pair: string | undefined,
): { readonly text: string; readonly pair: string | null } {
  return {
    text: demandWhole(row, text, 'text'),
    pair: pair === undefined ? null : demandWhole(row, pair, 'second text'),
  };
}

/** Pairs of a source and a target text. */
export function generationData(source: Source, columns: GenerationColumns): OwnData<GenerationExample> {
  const parts = partsOf(source, [
    [columns.source, 'source'],
    [columns.target, 'target'],
  ]);
  return ownData(source, parts, (row, id) => ({
    id,
    text: demandWhole(row, columns.source, 'source'),
    target: demandWhole(row, columns.target, 'target'),
  }));
}

type Parts = readonly { readonly split: Split | null; readonly records: Records }[];

const rowsOf = (parts: Parts): readonly DataRow[] => parts.flatMap(({ records }) => records.rows);

function partsOf(source: Source, wanted: readonly (readonly [column: string, role: string])[]): Parts {
  const given = [source.file, source.rows, source.files].filter((one) => one !== undefined).length;
  if (given !== 1) throw new UserError(`give the examples by one of file, rows and files: ${given} of them are given`);
  const parts: Parts =
    source.files !== undefined
      ? (['train', 'validation', 'test'] as const).map((split) => ({ split, records: readOwn(fileOf(source, split)) }))
      : [{ split: null, records: source.file !== undefined ? readOwn(source.file) : recordsOfRows(source.rows ?? []) }];
  const more = (
    [
      ['id', 'name'],
      ['group', 'group'],
    ] as const
  ).flatMap(([key, role]) => (source[key] === undefined ? [] : [[source[key], role] as const]));
  for (const { records } of parts)
    for (const [column, role] of [...wanted, ...more]) demandColumn(records, column, role);
  return parts;
}

function fileOf({ files }: Source, split: Split): string {
  const file = files?.[split];
  if (file !== undefined) return file;
  throw new UserError(`files has no ${split}: give the files of train, validation and test, or one file to be divided`);
}

function ownData<E extends Example>(source: Source, parts: Parts, read: (row: DataRow, id: string) => E): OwnData<E> {
  const seen = new Map<string, string>();
  const made = parts.flatMap(({ split, records }) =>
    records.rows.map((row, i) => {
      const id = source.id === undefined ? `${split ?? 'row'}.${i + 1}` : demandText(row, source.id, 'name');
      const before = seen.get(id);
      if (before !== undefined)
        throw new UserError(`${row.at}: the name "${id}" is also that of ${before}: give names once`);
      seen.set(id, row.at);
      const example = read(row, id);
      const group = source.group === undefined ? textOf(example) : demandText(row, source.group, 'group');
      return { example, split: split ?? splitOf(`own ${group}`), order: hashOf(`own ${id}`) };
    }),
  );
  const hash = createHash('sha256');
  for (const { example, split } of made) hash.update(`${JSON.stringify([split, example])}\n`);
  const data = dividedInto(source.files === undefined ? [...made].sort((a, b) => (a.order < b.order ? -1 : 1)) : made);
  const trained = new Set(data.train.map(textOf));
  return { data, hash: hash.digest('hex'), leaked: data.test.filter((one) => trained.has(textOf(one))).length };
}

/** What two examples must not share across splits. */
function textOf(example: Example): string {
  const text = typeof example.pair === 'string' ? `${example.text} ${example.pair}` : example.text;
  return normalText(text) || text; // texts of signs alone are told apart by them
}

function dividedInto<E extends Example>(made: readonly { readonly example: E; readonly split: Split }[]): TaskData<E> {
  const data = { train: [] as E[], validation: [] as E[], test: [] as E[] };
  for (const { example, split } of made) data[split].push(example);
  for (const [split, part] of Object.entries(data))
    if (part.length === 0)
      throw new UserError(`${made.length} examples leave none for ${split}: give more, more groups, or three files`);
  return data;
}
