import { UserError } from '../errors';
import { classificationTask, type ClassificationTask } from './classification';
import { labelledData, type Labelled } from './labelled';
import { originalFile } from './originals';
import { readRecords } from './own/files';
import { demandColumn, demandText, type DataRow, type Records } from './own/records';

/** A public collection of labelled texts, divided here: what Houlsby et al. 2019 (Table 2) learn beside GLUE. */
interface PublicSet {
  readonly name: string;
  readonly source: string;
  /** Below `data/originals`; the name where left out. */
  readonly folder?: string;
  /** Files without ending; their rows are one collection. */
  readonly files: readonly string[];
  readonly columns: { readonly text: string; readonly label: string };
  /** In the order of their numbers, each as the file writes it; more spellings of one are listed with it. */
  readonly labels: readonly (string | readonly [name: string, ...spellings: string[]])[];
  /** What stands in the label's column of rows that have none. */
  readonly unlabelled?: readonly string[];
}

const endings = ['csv', 'tsv', 'jsonl'];

/**
 * The task of a collection that the user has, divided as every task here (the paper: 8, 1 and 1 tenths); empty and equal
 * texts and near duplicates across splits are left out. A label that is not listed is refused.
 */
export function publicSet(set: PublicSet): ClassificationTask {
  return classificationTask({
    name: set.name,
    about: `${set.source}, from your own files`,
    labels: set.labels.map(nameOf),
    load: () => Promise.resolve().then(() => labelledData(set.name, rowsOf(set))),
  });
}

const nameOf = (label: PublicSet['labels'][number]): string => (typeof label === 'string' ? label : label[0]);

function rowsOf(set: PublicSet): readonly Labelled[] {
  return set.files.flatMap((file) => {
    const records = readRecords(originalFile({ ...set, endings }, file));
    demandColumn(records, set.columns.text, 'text');
    demandColumn(records, set.columns.label, 'label');
    return labelledRows(set, file, records);
  });
}

function labelledRows({ columns, labels, unlabelled = [] }: PublicSet, file: string, { rows }: Records): Labelled[] {
  const numbers = new Map(labels.flatMap((label, i) => [label].flat().map((written) => [written as string, i])));
  const known = (row: DataRow): number | undefined => {
    const written = demandText(row, columns.label, 'label');
    const found = numbers.get(written);
    if (found !== undefined || unlabelled.includes(written)) return found;
    throw new UserError(
      `${row.at}: label "${written}" is none of ${[...numbers.keys()].join(', ')}: is it another set?`,
    );
  };
  return rows.flatMap((row, i): readonly Labelled[] => {
    const label = known(row);
    const id = `${file}.${i + 1}`;
    return label === undefined ? [] : [{ id, text: row.cells.get(columns.text)?.trim() ?? '', label, group: id }];
  });
}
