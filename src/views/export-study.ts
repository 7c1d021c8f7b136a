import { resolve } from 'node:path';
import { UserError } from '../errors';
import { rowsOfStudy } from '../experiments/store/rows';
import { plansOf, type Study } from '../experiments/studies/study';
import { demandWritable } from '../files';
import {
  exportFigure,
  exportTable,
  figureFormats,
  tableFormats,
  type ExportFormat,
  type TableFormat,
} from '../plots/export';
import type { Figure } from '../plots/figure';
import { scoreTable } from '../plots/score-table';
import { pixelsOf } from '../plots/size';
import { groupBy } from '../plots/summary';
import type { Table } from '../plots/table';
import { fullFineTuning, type RunRow } from '../rows';
import { shownTask } from '../tasks/own/stored';
import { costTable } from './cost-table';
import { trendsFigure } from './trends';
import { demandVaries, namedIn, scoreBy, type ScoreX } from './score-by';

/** Every file that a study can become: figures, tables, or both. */
export type StudyFormat = ExportFormat | TableFormat;
export const studyFormats: readonly StudyFormat[] = [...new Set<StudyFormat>([...figureFormats, ...tableFormats])];

/** What is written of a study, and how wide its figures are. */
export interface StudyExport {
  /** All of them where left out. */
  readonly formats?: readonly StudyFormat[];
  /** `84mm`, `174mm`, `500px`; that of a screen where left out. */
  readonly width?: string | number;
  /** What places the methods: a count, `trained` where left out, or what varies: `examples`, `rate`, `r`. */
  readonly x?: ScoreX;
  readonly results?: string;
}

/**
 * Writes what a study has shown so far: parameters against score for each of its tasks and models, and the table of its
 * scores, the best marked. Returns the paths.
 * @throws UserError, before anything is written, on an unknown format, width or count, on a folder that cannot be
 *   written, and where no run has finished
 */
export async function exportStudy(study: Study, folder: string, options: StudyExport = {}): Promise<readonly string[]> {
  const places = plansOf(study).map(({ spec }) => spec);
  const { name, title, tier } = study;
  const of = { name, title, tier, places, rows: rowsOfStudy(study, options.results) };
  return await exportRows({ ...of, ...shownOf(study, options.results) }, folder, options);
}

/**
 * What the files of a study show beside its rows: where it measures times and memory, its table holds those; where it
 * holds methods against full fine-tuning along axes, its figure does.
 */
export function shownOf(study: Study, results?: string): Pick<NamedRows, 'scores' | 'table' | 'figure'> {
  return {
    ...(study.scores === undefined ? {} : { scores: study.scores }),
    ...(study.alone === true ? { table: () => costTable(study, results) } : {}),
    ...(study.trends === undefined
      ? {}
      : { figure: (drawn) => trendsFigure(study, { ...drawn, ...(results === undefined ? {} : { results }) }) }),
  };
}

/** Rows under a name: what is on disk of a study, be it declared or not. */
export interface NamedRows {
  readonly name: string;
  readonly title: string;
  /** Title of the figures: that of the study where left out. */
  readonly scores?: string;
  /** In place of the table of scores. */
  readonly table?: () => Table;
  /** In place of parameters against score, unless an x is said. */
  readonly figure?: (drawn: Pick<StudyExport, 'width'>) => Figure;
  readonly tier: string;
  readonly rows: readonly RunRow[];
  /** Tasks and models that there will be: files are named by what differs among them. */
  readonly places: readonly Place[];
}

interface Place {
  readonly task: string;
  readonly model: string;
}

export async function exportRows(of: NamedRows, folder: string, options: StudyExport): Promise<readonly string[]> {
  const { formats = studyFormats } = options;
  demandKnown('format', formats, studyFormats);
  if (options.width !== undefined) pixelsOf(options.width);
  if (of.rows.length === 0)
    throw new UserError(`study ${of.name}, tier ${of.tier}, has no finished runs to export: run it first`);
  const { x = 'trained' } = options;
  demandVaries(x, of.rows.filter(({ label }) => namedIn(label).has(x)).length, of.rows);
  demandWritable(resolve(folder));
  const figures = await exportFigures(of, folder, options);
  const tables = tableFormats.filter((format) => formats.includes(format));
  const table = of.table?.() ?? scoreTable(of.rows.map((row) => ({ ...row, task: shownTask(row.task) })));
  return [...figures, ...exportTable(table, folder, { name: `${of.name}-table`, title: of.title, formats: tables })];
}

/** The figures alone. */
export async function exportFigures(
  of: NamedRows,
  folder: string,
  { formats = studyFormats, ...drawn }: StudyExport,
): Promise<readonly string[]> {
  const wanted = figureFormats.filter((format) => formats.includes(format));
  const files: string[] = [];
  if (wanted.length > 0)
    for (const figure of studyFigures(of, drawn))
      files.push(...(await exportFigure(figure, folder, { formats: wanted })));
  return files;
}

/**
 * Parameters against score, for each task and model of the rows; none where nothing but full fine-tuning ran. A study
 * that has a figure of its own shows that one.
 */
export function studyFigures(
  { name, title: called, scores: title = called, rows, places, figure }: NamedRows,
  { width, x }: Pick<StudyExport, 'width' | 'x'> = {},
): readonly Figure[] {
  if (figure !== undefined && x === undefined) return [figure(width === undefined ? {} : { width })];
  const keys = keysOf(places);
  const parts = [...groupBy(rows, (row) => `${row.task} ${row.model}`).values()];
  return parts.flatMap((own) => {
    if (own.every(({ form }) => form === fullFineTuning)) return [];
    const words = keys.map((key) => wordOf(own[0]?.[key] ?? '', key, rows));
    const of =
      words.length === 0
        ? { name, title }
        : { name: [name, ...words].join('-'), title: `${title}: ${words.join(', ')}` };
    return scoreBy(
      own.map((row) => ({ ...row, task: shownTask(row.task) })),
      {
        ...of,
        name: of.name.replace(/[^\w-]+/g, '-'),
        ...(width === undefined ? {} : { width }),
        ...(x === undefined ? {} : { x }),
      },
    );
  });
}

/** A task's name without the hash of its data, unless two of that name would fall together. */
function wordOf(word: string, key: 'task' | 'model', rows: readonly RunRow[]): string {
  const alike = new Set(rows.map((row) => row[key]).filter((other) => shownTask(other) === shownTask(word)));
  return key === 'model' || alike.size > 1 ? word : shownTask(word);
}

/**
 * What tells the figures of a study apart, however far it has come: its task, and its model where one task has several.
 */
function keysOf(places: readonly Place[]): readonly ('task' | 'model')[] {
  const tasks = new Set(places.map(({ task }) => task)).size;
  const pairs = new Set(places.map(({ task, model }) => `${task} ${model}`)).size;
  return [...(tasks > 1 ? ['task' as const] : []), ...(pairs > tasks ? ['model' as const] : [])];
}

function demandKnown(what: string, given: readonly string[], known: readonly string[]): void {
  const unknown = given.find((word) => !known.includes(word));
  if (unknown !== undefined) throw new UserError(`unknown ${what} "${unknown}": choose from ${known.join(', ')}`);
  if (given.length === 0) throw new UserError(`no ${what} to write: choose from ${known.join(', ')}`);
}
