import { existsSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { UserError } from '../errors';
import { differenceOf, runNamed } from '../experiments/store/difference';
import type { RunEntry } from '../experiments/store/entry';
import { listRuns } from '../experiments/store/index-cache';
import { recordAt } from '../experiments/store/read';
import type { RunRecord } from '../experiments/store/record';
import { resultsFolder } from '../experiments/store/spec';
import { sorted } from '../experiments/store/where';
import { demandWritable } from '../files';
import type { DataColumn } from '../plots/parquet';
import { csvText, tableText } from '../plots/table';
import { curveColumns, curvesOf, curveTable, drawnCurves, writeEvents } from '../views/run-curves';
import { diffTable } from '../views/run-diff';
import { runColumns, runs, runTable } from '../views/run-list';
import { flag, givenOf, print, printJson, type Input } from './command';
import { relativePath } from './paths';

/** `petl runs`: every stored run, or those that a condition holds for. */
export function runsCommand(input: Input): number {
  const [folder] = input.positionals;
  const format = formatOf(input);
  if (folder !== undefined && statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new UserError(
      `${existsSync(folder) ? `${folder} is no folder` : `there is no folder ${folder}`}: name one of results, or none for ${relativePath(resultsFolder())}`,
    );
  const found = chosen(input, folder === undefined ? resultsFolder() : resolve(folder));
  if (format === 'json') printJson(found);
  else if (format !== undefined) write(format, runColumns(found));
  else print(found.length === 0 ? 'no runs' : `${tableText(runTable(found))}\n\n${found.length} runs`);
  return 0;
}

/** `petl curves`: the training curves of the runs that are named or that a condition holds for. */
export async function curvesCommand(input: Input): Promise<number> {
  const format = formatOf(input);
  const curves = curvesOf(named(input));
  const [out, events] = [givenOf(input, 'out'), givenOf(input, 'tensorboard')];
  const lines = out === undefined ? [] : drawnCurves(curves);
  for (const folder of [events, out]) if (folder !== undefined) demandWritable(resolve(folder));
  const files = [
    ...(out === undefined ? [] : await drawn(lines, out)),
    ...(events === undefined ? [] : writeEvents(curves, resolve(events))),
  ].map(relativePath);
  if (format === 'json')
    printJson({
      curves: curves.map(({ record }) => ({ id: record.run.id, train: record.train, evaluations: record.evaluations })),
      files,
    });
  else if (format !== undefined) write(format, curveColumns(curves));
  else print([tableText(curveTable(curves)), ...files.map((file) => `  ${file}`)].join('\n'));
  return 0;
}

async function drawn(curves: ReturnType<typeof drawnCurves>, folder: string): Promise<readonly string[]> {
  const { lossCurve } = require('../plots/loss-curve') as typeof import('../plots/loss-curve');
  const { exportFigure } = require('../plots/export') as typeof import('../plots/export');
  const subtitle = curves.some(({ dash }) => dash === 'dash') ? 'dashed: validation' : '';
  return await exportFigure(lossCurve(curves, { name: 'curves', subtitle }), resolve(folder));
}

/** `petl diff A B`: how two stored runs differ. */
export function diffCommand(input: Input): number {
  const [first, second] = input.positionals.map(recordNamed) as [RunRecord, RunRecord];
  const difference = differenceOf(first, second);
  if (flag(input, 'json')) printJson(difference);
  else print(tableText(diffTable(difference)));
  return 0;
}

/** The run of a file, or of an id or a path below the folder of results, as `petl runs` lists them. */
export function recordNamed(name: string): RunRecord {
  const file = [name, join(resultsFolder(), name)].find(isFile);
  if (file !== undefined || name.endsWith('.jsonl')) return recordAt(file ?? name);
  return recordAt(join(resultsFolder(), runNamed(name, listRuns())));
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

function chosen(input: Input, results?: string): readonly RunEntry[] {
  const [where, sort] = [givenOf(input, 'where'), givenOf(input, 'sort')];
  return runs({
    ...(where === undefined ? {} : { where }),
    ...(sort === undefined ? {} : { sort }),
    ...(results === undefined ? {} : { results }),
  });
}

/** The runs that are named, or those of the condition; all would be more than anyone could look at, and none nothing. */
function named(input: Input): readonly RunEntry[] {
  const { positionals } = input;
  const [where, sort] = [givenOf(input, 'where'), givenOf(input, 'sort')];
  if ((positionals.length === 0) === (where === undefined))
    throw new UserError(
      `name runs, or say which by --where${where === undefined ? '' : ', not both'}: petl curves --where "study=sentiment and seed=1"`,
    );
  if (positionals.length > 0) {
    const found = namedBy(positionals);
    return sort === undefined ? found : sorted(found, sort);
  }
  const found = chosen(input);
  if (found.length > 0) return found;
  throw new UserError(`--where "${where}" holds for no run: npx petl runs lists what there is`);
}

function namedBy(names: readonly string[]): readonly RunEntry[] {
  const all = listRuns();
  return names.map((name) => {
    const path = existsSync(name) ? relative(resultsFolder(), resolve(name)) : runNamed(name, all);
    const found = all.find((entry) => entry.path === path);
    if (found !== undefined) return found;
    throw new UserError(`${name} is no run below ${relativePath(resultsFolder())}: petl runs lists them`);
  });
}

const formats = ['json', 'csv', 'parquet'] as const;
type Format = (typeof formats)[number];

/** How standard output is written; undefined: as a table. @throws UserError where several are asked for */
function formatOf(input: Input): Format | undefined {
  const [format, ...more] = formats.filter((name) => flag(input, name));
  if (more.length > 0)
    throw new UserError(`--${[format, ...more].join(' and --')} are one output each: choose one of them`);
  if (format === 'parquet' && process.stdout.isTTY)
    throw new UserError('--parquet writes bytes: send them to a file, as in petl runs --parquet > runs.parquet');
  return format;
}

/** Writes columns to standard output. */
function write(format: 'csv' | 'parquet', columns: readonly DataColumn[]): void {
  if (format === 'parquet') {
    const { parquetBytes } = require('../plots/parquet') as typeof import('../plots/parquet');
    process.stdout.write(parquetBytes(columns));
    return;
  }
  const rows = (columns[0]?.values ?? []).map((_, i) => columns.map(({ values }) => plain(values[i] ?? null)));
  process.stdout.write(
    csvText(
      columns.map(({ name }) => name),
      rows,
    ),
  );
}

function plain(value: DataColumn['values'][number]): string | number {
  return value === null ? '' : typeof value === 'boolean' ? String(value) : value;
}
