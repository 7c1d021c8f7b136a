import { codeFingerprint } from '../experiments/store/code';
import { madeBy, type RunEntry } from '../experiments/store/entry';
import { listRuns } from '../experiments/store/index-cache';
import { fieldNames, sorted, whereOf } from '../experiments/store/where';
import type { DataColumn } from '../plots/parquet';
import { formatOf, scoreText } from '../plots/scale';
import type { Column, Table } from '../plots/table';
import { shownTask } from '../tasks/own/stored';
import { duration } from '../clock';

/** Which runs, in what order. */
export interface RunsWish {
  /** `task=sentiment and method~lora`; all where left out. */
  readonly where?: string;
  /** `score` (the best first), `seconds`, `started:down`; by path where left out. */
  readonly sort?: string;
  readonly results?: string;
}

/** The stored runs that a condition holds for. @throws UserError on a condition or field that cannot be read */
export function runs({ where, sort, results }: RunsWish = {}): readonly RunEntry[] {
  const chosen = where === undefined ? () => true : whereOf(where);
  const found = listRuns(results).filter(chosen);
  return sort === undefined ? found : sorted(found, sort);
}

const left = (title: string): Column => ({ title, align: 'left' });
const right = (title: string): Column => ({ title, align: 'right' });

/** One line a run. `code` says whether the code that is here made it. */
export function runTable(entries: readonly RunEntry[]): Table {
  const here = entries.some(({ code }) => code !== null) ? codeFingerprint() : '';
  return {
    columns: [
      ...[left('study'), left('task'), left('method'), right('seed'), left('metric'), right('score')],
      ...[right('rate'), right('time'), right('MB'), right('threads'), left('code'), left('run')],
    ],
    rows: entries.map((entry) => [
      entry.tier === 'quick' ? `${entry.study} (quick)` : entry.study,
      shownTask(entry.task),
      entry.method.length > 44 ? `${entry.method.slice(0, 43)}…` : entry.method,
      String(entry.seed),
      entry.metric,
      entry.score === null ? '-' : scoreText(entry.score, formatOf(entry.metric)),
      String(entry.rate),
      duration(entry.seconds),
      entry.peakMb === null ? '-' : String(entry.peakMb),
      entry.threads === null ? '-' : String(entry.threads),
      madeBy(entry.code, here),
      entry.id.slice(-8),
    ]),
  };
}

/** Every field of every run, by columns. */
export function runColumns(entries: readonly RunEntry[]): readonly DataColumn[] {
  return (Object.keys(fieldNames) as (keyof RunEntry)[]).map((name) => ({
    name,
    kind: fieldNames[name],
    values: entries.map((entry) => entry[name]),
  }));
}
