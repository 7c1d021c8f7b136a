import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { mean } from '../experiments/statistics/statistics';
import { recordsOfRuns } from '../experiments/store/rows';
import { resultsFolder } from '../experiments/store/spec';
import { closedBook, readingMore } from '../experiments/studies/recursive';
import type { Study } from '../experiments/studies/study';
import { readJson, real, whole, type Schema } from '../json';
import type { SpreadPoint } from '../plots/percentiles';
import type { Table } from '../plots/table';

/**
 * Exact match of a second pass over the number of answers that it reads, and how often the right one is among them, in
 * percent by seed; at 0 answers the first pass alone. Lines without finished runs have no values.
 */
export function answersCurve(study: Study, results?: string): readonly SpreadPoint[] {
  const recordsOf = (name: string): ReturnType<typeof recordsOfRuns> =>
    recordsOfRuns(study.variants.find((one) => one.name === name)?.runs ?? [], results);
  const once = recordsOf(closedBook.configurations().prompt.name);
  const points = readingMore().flatMap(({ count, configuration }): readonly SpreadPoint[] => {
    const records = recordsOf(configuration.name);
    return [
      { line: 'second pass', x: count, values: records.map(({ final }) => 100 * (final.score ?? NaN)) },
      {
        line: 'oracle',
        x: count,
        values: records.flatMap(({ final }) => final.oracle ?? []).map((share) => 100 * share),
      },
      { line: 'one pass', x: count, values: once.map(({ final }) => 100 * (final.score ?? NaN)) },
    ];
  });
  return points;
}

/** The same in lines of text: means over seeds. */
export function answersLines(points: readonly SpreadPoint[]): readonly string[] {
  return points
    .filter(({ values }) => values.length > 0)
    .map(({ line, x, values }) => `${line.padEnd(12)} ${String(x).padStart(2)} answers  ${mean(values).toFixed(1)}%`);
}

/** Memory of a training step's process in MiB: before it, and at its highest. */
interface Memory {
  readonly restMb: number;
  readonly peakMb: number;
}
/** What `npm run bench -- --only twice` wrote. */
interface TwiceBench {
  readonly cells: readonly {
    readonly model: string;
    readonly batch: number;
    readonly tokens: number;
    readonly once: Memory;
    readonly twice: Memory;
    readonly ratio: number;
  }[];
}
const memory = v.strictObject({ restMb: real, peakMb: real });
const schema: Schema<TwiceBench> = v.looseObject({
  cells: v.array(
    v.looseObject({ model: v.string(), batch: whole, tokens: whole, once: memory, twice: memory, ratio: real }),
  ),
});

/**
 * What a training step in two passes holds beside one in a single pass, both on one copy of the weights, and its part
 * of what two single passes need beyond these; undefined where it was never measured.
 */
export function twiceTable(results: string = resultsFolder()): Table | undefined {
  const path = join(results, 'bench', 'twice.json');
  if (!existsSync(path)) return undefined;
  const { cells } = readJson(path, schema, 'measure again with npm run bench -- --only twice');
  const right = (title: string): Table['columns'][number] => ({ title, align: 'right' });
  return {
    columns: [
      { title: 'model', align: 'left' },
      ...['batch', 'before the step, MiB', 'one pass', 'two passes', 'of two single ones'].map(right),
    ],
    rows: cells.map(({ model, batch, tokens, once, twice, ratio }) => [
      ...[model, `${batch} x ${tokens}`, `${once.restMb}`, `${once.peakMb}`, `${twice.peakMb}`, ratio.toFixed(2)],
    ]),
  };
}

/** Milliseconds of a training step and of an answered batch. */
interface Cost {
  readonly method: string;
  readonly stepMs: number;
  readonly answerMs: number;
}
const costNames = ['prompt', 'own', 'other', 'twice'] as const;
/** What `node bench/passes.mjs` wrote. */
type PassesBench = {
  readonly models: readonly ({ readonly model: string } & Readonly<Record<(typeof costNames)[number], Cost>>)[];
};
const cost = v.looseObject({ method: v.string(), stepMs: real, answerMs: real });
const passes: Schema<PassesBench> = v.looseObject({
  models: v.array(v.looseObject({ model: v.string(), prompt: cost, own: cost, other: cost, twice: cost })),
});

/**
 * What a prompt that is written from the input and a second pass cost beside a plain prompt: a training step, and an
 * answer with the reading of its question; undefined where it was never measured.
 */
export function passesTable(results: string = resultsFolder()): Table | undefined {
  const path = join(results, 'bench', 'passes.json');
  if (!existsSync(path)) return undefined;
  const { models } = readJson(path, passes, 'measure again with node bench/passes.mjs --out results/bench/passes.json');
  const right = (title: string): Table['columns'][number] => ({ title, align: 'right' });
  const more = (value: number, plain: number): string =>
    `${value >= plain ? '+' : ''}${(100 * (value / plain - 1)).toFixed(0)}%`;
  return {
    columns: [
      ...['model', 'method'].map((title): Table['columns'][number] => ({ title, align: 'left' })),
      ...['step, ms', 'more', 'answers, ms', 'more'].map(right),
    ],
    rows: models.flatMap(({ model, ...costs }) =>
      costNames.map((name) => {
        const { method, stepMs, answerMs } = costs[name];
        return [
          ...[model, method, stepMs.toFixed(0), more(stepMs, costs.prompt.stepMs)],
          ...[answerMs.toFixed(0), more(answerMs, costs.prompt.answerMs)],
        ];
      }),
    ),
  };
}
