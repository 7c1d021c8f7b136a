import { existsSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { UserError } from '../errors';
import { differenceOf, runNamed } from '../experiments/store/difference';
import type { RunEntry } from '../experiments/store/entry';
import { listRuns } from '../experiments/store/index-cache';
import { recordAt } from '../experiments/store/read';
import type { RunRecord } from '../experiments/store/record';
import { resultsFolder } from '../experiments/store/spec';
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
  if (folder !== undefined && !existsSync(folder))
    throw new UserError(
      `there is no folder ${folder}: name one of results, or none for ${relativePath(resultsFolder())}`,
    );
  const found = chosen(input, folder === undefined ? resultsFolder() : resolve(folder));
  if (flag(input, 'json')) printJson(found);
  else if (!printed(input, () => runColumns(found)))
    print(found.length === 0 ? 'no runs' : `${tableText(runTable(found))}\n\n${found.length} runs`);
  return 0;
}

/** `petl curves`: the training curves of the runs that are named or that a condition holds for. */
export async function curvesCommand(input: Input): Promise<number> {
  const curves = curvesOf(named(input));
  const [out, events] = [givenOf(input, 'out'), givenOf(input, 'tensorboard')];
  const files = [
    ...(out === undefined ? [] : await drawn(drawnCurves(curves), out)),
    ...(events === undefined ? [] : writeEvents(curves, resolve(events))),
  ].map(relativePath);
  if (flag(input, 'json'))
    printJson({
      curves: curves.map(({ record }) => ({ id: record.run.id, train: record.train, evaluations: record.evaluations })),
      files,
    });
  else if (!printed(input, () => curveColumns(curves)))
    print([tableText(curveTable(curves)), ...files.map((file) => `  ${file}`)].join('\n'));
  return 0;
}

async function drawn(curves: ReturnType<typeof drawnCurves>, folder: string): Promise<readonly string[]> {
  const { lossCurve } = require('../plots/loss-curve') as typeof import('../plots/loss-curve');
  const { exportFigure } = require('../plots/export') as typeof import('../plots/export');
  return await exportFigure(lossCurve(curves, { name: 'curves' }), resolve(folder));
}

/** `petl diff A B`: how two stored runs differ. */
export function diffCommand(input: Input): number {
  const [first, second] = input.positionals.map(recordNamed) as [RunRecord, RunRecord];
  const difference = differenceOf(first, second);
  if (flag(input, 'json')) printJson(difference);
  else print(tableText(diffTable(difference)));
  return 0;
}

/** The run of a file, or of an id below the folder of results. */
export function recordNamed(name: string): RunRecord {
  if (statSync(name, { throwIfNoEntry: false })?.isFile() === true || name.endsWith('.jsonl')) return recordAt(name);
  return recordAt(join(resultsFolder(), runNamed(name, listRuns())));
}

function chosen(input: Input, results?: string): readonly RunEntry[] {
  const [where, sort] = [givenOf(input, 'where'), givenOf(input, 'sort')];
  return runs({
    ...(where === undefined ? {} : { where }),
    ...(sort === undefined ? {} : { sort }),
    ...(results === undefined ? {} : { results }),
  });
}

/** The runs that are named, or those of the condition; all would be more than anyone could look at. */
function named(input: Input): readonly RunEntry[] {
  const { positionals } = input;
  if (positionals.length === 0 && givenOf(input, 'where') === undefined)
    throw new UserError('name runs, or say which by --where: petl curves --where "study=sentiment and seed=1"');
  if (positionals.length === 0) return chosen(input);
  const all = listRuns();
  return positionals.map((name) => {
    const path = existsSync(name) ? relative(resultsFolder(), resolve(name)) : runNamed(name, all);
    const found = all.find((entry) => entry.path === path);
    if (found !== undefined) return found;
    throw new UserError(`${name} is no run below ${relativePath(resultsFolder())}: petl runs lists them`);
  });
}

/** Writes columns to standard output in the format that is asked for; false where none is. */
function printed(input: Input, columns: () => readonly DataColumn[]): boolean {
  if (flag(input, 'csv')) {
    const table = columns();
    const rows = (table[0]?.values ?? []).map((_, i) => table.map(({ values }) => plain(values[i] ?? null)));
    process.stdout.write(
      csvText(
        table.map(({ name }) => name),
        rows,
      ),
    );
    return true;
  }
  if (!flag(input, 'parquet')) return false;
  if (process.stdout.isTTY)
    throw new UserError('--parquet writes bytes: send them to a file, as in petl runs --parquet > runs.parquet');
  const { parquetBytes } = require('../plots/parquet') as typeof import('../plots/parquet');
  process.stdout.write(parquetBytes(columns()));
  return true;
}

function plain(value: DataColumn['values'][number]): string | number {
  return value === null ? '' : typeof value === 'boolean' ? String(value) : value;
}
