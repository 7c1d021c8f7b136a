import { UserError } from '../errors';
import { classificationTask, type ClassificationTask } from './classification';
import { labelledData, type Labelled } from './labelled';
import { foundOriginal, originalFile } from './originals';
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
  /**
   * In the order of their numbers, each as the file writes it; more spellings of one are listed with it. A number where
   * no list of them is at hand: as many as the paper has, those of the file in the order of the alphabet.
   */
  readonly labels: readonly Label[] | number;
  /** What stands in the label's column of rows that have none. */
  readonly unlabelled?: readonly string[];
}

type Label = string | readonly [name: string, ...spellings: string[]];

const endings = ['csv', 'tsv', 'jsonl'];

/**
 * The task of a collection that the user has, divided as every task here (the paper: 8, 1 and 1 tenths); empty and equal
 * texts and near duplicates across splits are left out. A label that is not listed is refused.
 */
export function publicSet(set: PublicSet): ClassificationTask {
  const { labels } = set;
  const load: ClassificationTask['load'] = () => Promise.resolve().then(() => labelledData(set.name, rowsOf(set)));
  const fields = { name: set.name, about: `${set.source}, from your own files`, load };
  if (typeof labels !== 'number') return classificationTask({ ...fields, labels: labels.map(nameOf) });
  const numbered = Array.from({ length: labels }, (_, i) => `label ${i + 1}`);
  let found: readonly string[] | undefined;
  return Object.defineProperty(classificationTask({ ...fields, labels: numbered }), 'labels', {
    enumerable: true,
    get: () => (found ??= isHere(set) ? labelsOf(set, labels, tablesOf(set)) : undefined) ?? numbered,
  });
}

const nameOf = (label: Label): string => (typeof label === 'string' ? label : label[0]);

const textOf = (set: PublicSet, row: DataRow): string => row.cells.get(set.columns.text)?.trim() ?? '';

const fileOf = (set: PublicSet, file: string): string => originalFile({ ...set, endings }, file);

const isHere = (set: PublicSet): boolean =>
  set.files.every((file) => foundOriginal({ ...set, endings }, file) !== undefined);

/** Those of the texts in the files; another number than the paper's is another edition, whose numbers mean others. */
function labelsOf(set: PublicSet, classes: number, tables: readonly Table[]): readonly string[] {
  const { columns, unlabelled = [] } = set;
  const written = tables.flatMap(({ rows }) =>
    rows.filter((row) => textOf(set, row) !== '').map((row) => demandText(row, columns.label, 'label')),
  );
  const labels = [...new Set(written)].filter((label) => !unlabelled.includes(label)).sort();
  if (labels.length === classes) return labels;
  throw new UserError(
    `task "${set.name}": column "${columns.label}" has ${labels.length} labels where the paper's file has ${classes}: ` +
      'is it another edition? "petl ablate --data FILE" takes any table',
  );
}

interface Table extends Records {
  readonly file: string;
}

function tablesOf(set: PublicSet): readonly Table[] {
  return set.files.map((file) => {
    const records = readRecords(fileOf(set, file));
    demandColumn(records, set.columns.text, 'text');
    demandColumn(records, set.columns.label, 'label');
    return { ...records, file };
  });
}

function rowsOf(set: PublicSet): readonly Labelled[] {
  const tables = tablesOf(set);
  const labels = typeof set.labels === 'number' ? labelsOf(set, set.labels, tables) : set.labels;
  return tables.flatMap((table) => labelledRows(set, labels, table));
}

function labelledRows(set: PublicSet, labels: readonly Label[], table: Table): Labelled[] {
  const { columns, unlabelled = [] } = set;
  const numbers = new Map(labels.flatMap((label, i) => [label].flat().map((written) => [written as string, i])));
  const known = (row: DataRow): number | undefined => {
    const written = demandText(row, columns.label, 'label');
    const found = numbers.get(written);
    if (found !== undefined || unlabelled.includes(written)) return found;
    throw new UserError(
      `${row.at}: label "${written}" is none of ${[...numbers.keys()].join(', ')}: is it another set?`,
    );
  };
  return table.rows.flatMap((row, i): readonly Labelled[] => {
    const text = textOf(set, row);
    const label = text === '' ? undefined : known(row);
    const id = `${table.file}.${i + 1}`;
    return label === undefined ? [] : [{ id, text, label, group: id }];
  });
}
