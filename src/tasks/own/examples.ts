import { createHash } from 'node:crypto';
import { UserError } from '../../errors';
import { hashOf, splitOf, type Split } from '../split';
import type { ClassificationExample, Example, GenerationExample, TaskData } from '../task';
import { normalText } from '../text';
import { readRecords } from './files';
import { demandColumn, demandText, recordsOfRows, type DataRow, type Records, type Row } from './records';

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

/** Classes that a label column may have: beyond it the column holds names or numbers, not classes. */
const mostClasses = 1000;

/**
 * Labelled texts. Labels are the values of the label column as they stand, in order of number or of code points; every
 * class must occur in training. Faults of the data are UserErrors of one line with row and column.
 */
export function classificationData(
  source: Source,
  { text, pair, label }: ClassificationColumns,
): OwnData<ClassificationExample> & { readonly labels: readonly string[] } {
  const parts = partsOf(source, [
    [text, 'text'],
    [label, 'label'],
    ...(pair === undefined ? [] : [[pair, 'second text'] as const]),
  ]);
  const labels = labelsOf(parts, label);
  const places = new Map(labels.map((value, i) => [value, i]));
  const own = ownData(source, parts, (row, id): ClassificationExample => ({
    id,
    text: demandText(row, text, 'text'),
    pair: pair === undefined ? null : demandText(row, pair, 'second text'),
    label: places.get(demandText(row, label, 'label')) ?? 0,
  }));
  const trained = new Set(own.data.train.map((example) => example.label));
  const unseen = labels.find((_, i) => !trained.has(i));
  if (unseen !== undefined)
    throw new UserError(`no training example has the label "${unseen}": add some, or leave that class out`);
  return { ...own, labels };
}

/** Pairs of a source and a target text. */
export function generationData(source: Source, columns: GenerationColumns): OwnData<GenerationExample> {
  const parts = partsOf(source, [
    [columns.source, 'source'],
    [columns.target, 'target'],
  ]);
  return ownData(source, parts, (row, id) => ({
    id,
    text: demandText(row, columns.source, 'source'),
    target: demandText(row, columns.target, 'target'),
  }));
}

type Parts = readonly { readonly split: Split | null; readonly records: Records }[];

function partsOf(source: Source, wanted: readonly (readonly [column: string, role: string])[]): Parts {
  const given = [source.file, source.rows, source.files].filter((one) => one !== undefined).length;
  if (given !== 1) throw new UserError(`give the examples by one of file, rows and files: ${given} of them are given`);
  const parts: Parts =
    source.files !== undefined
      ? (['train', 'validation', 'test'] as const).map((split) => ({
          split,
          records: readRecords(fileOf(source, split)),
        }))
      : [
          {
            split: null,
            records: source.file !== undefined ? readRecords(source.file) : recordsOfRows(source.rows ?? []),
          },
        ];
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

function labelsOf(parts: Parts, column: string): readonly string[] {
  const rows = parts.flatMap(({ records }) => records.rows);
  const values = [...new Set(rows.map((row) => demandText(row, column, 'label')))];
  if (values.length === 1)
    throw new UserError(
      `column "${column}" has one value, "${values[0]}", in all ${rows.length} rows: nothing to learn`,
    );
  if (values.length > mostClasses || (values.length === rows.length && rows.length > 2))
    throw new UserError(
      `column "${column}" has ${values.length} values in ${rows.length} rows: is it a number or a name, not a class?`,
    );
  const numbers = values.every((value) => Number.isFinite(Number(value)));
  return values.sort(numbers ? (a, b) => Number(a) - Number(b) : (a, b) => (a < b ? -1 : 1));
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
  return normalText(typeof example.pair === 'string' ? `${example.text} ${example.pair}` : example.text);
}

function dividedInto<E extends Example>(made: readonly { readonly example: E; readonly split: Split }[]): TaskData<E> {
  const data = { train: [] as E[], validation: [] as E[], test: [] as E[] };
  for (const { example, split } of made) data[split].push(example);
  for (const [split, part] of Object.entries(data))
    if (part.length === 0)
      throw new UserError(`${made.length} examples leave none for ${split}: give more, more groups, or three files`);
  return data;
}
