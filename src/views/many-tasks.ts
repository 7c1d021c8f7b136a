import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readInTurn, shareRight } from '../experiments/in-turn-record';
import { readSpans, type SpanRecord } from '../experiments/span-record';
import { rowsOfStudy } from '../experiments/store/rows';
import type { Study } from '../experiments/studies/study';
import { backbone, knownShapes } from '../model/shapes';
import { count } from '../petl/counts/count';
import { parseMethod } from '../petl/design/written';
import type { SpreadPoint } from '../plots/percentiles';
import type { Table } from '../plots/table';
import { adaptersIn } from '../training/bank-folder';

export { spanFigure } from './span-figure';

/**
 * Figure 3: for each method its mean score on a task less that of full fine-tuning there, in points, one value a task,
 * over its trained parameters. Adapters, top layers and LayerNorms are lines of their own.
 */
export function tradeOffPoints(study: Study): readonly SpreadPoint[] {
  const rows = rowsOfStudy(study);
  const meanOf = (method: string, task: string): number => {
    const own = rows.filter((row) => row.method === method && row.task === task).map(({ score }) => score);
    return own.reduce((sum, score) => sum + score, 0) / own.length;
  };
  const tasks = [...new Set(rows.map(({ task }) => task))];
  return [...new Set(rows.map(({ method }) => method))].flatMap((method): readonly SpreadPoint[] => {
    const line = lineOf(method);
    if (line === undefined) return [];
    const values = tasks.map((task) => 100 * (meanOf(method, task) - meanOf('full', task))).filter(Number.isFinite);
    return [{ line, x: rows.find((row) => row.method === method)?.trained ?? NaN, values }];
  });
}

function lineOf(method: string): string | undefined {
  const lines: Readonly<Record<string, string>> = { houlsby: 'adapters', top: 'top layers', layernorm: 'LayerNorms' };
  return lines[method.split(':')[0] ?? ''];
}

/** Scores of a study's runs over what is in their variant's name, such as `rate`, one value a seed. */
export function robustness(study: Study): readonly SpreadPoint[] {
  return study.variants.flatMap(({ name, label, runs }) => {
    const rate = /rate=([\d.e-]+)/.exec(name)?.[1];
    if (rate === undefined) return [];
    const values = rowsOfStudy({ ...study, variants: [{ name, label, runs }] }).map(({ score }) => score);
    return [{ line: label.split(',')[0] ?? label, x: Number(rate), values }];
  });
}

/** Scores of a study's runs over trained parameters, a line for each number of training examples, one value a seed. */
export function dataSizes(study: Study): readonly SpreadPoint[] {
  return study.variants.flatMap((variant) => {
    const rows = rowsOfStudy({ ...study, variants: [variant] });
    const { trained: x = NaN } = rows[0] ?? {};
    const line = `${variant.runs[0]?.training.examples ?? 0} examples`;
    return rows.length === 0 ? [] : [{ line, x, values: rows.map(({ score }) => score) }];
  });
}

/** The record of spans of a task, or undefined where there is none yet. */
export function spansOn(task: string): SpanRecord | undefined {
  return readSpans(task);
}

/** What is left of a task after another, shares of right answers in percent; empty where it was never measured. */
export function inTurnTable(task: string): readonly Table[] {
  const record = readInTurn(task);
  if (record === undefined) return [];
  const percent = (column: string): string => (100 * shareRight(record, column)).toFixed(1);
  const row = (label: string, name: string): readonly string[] => [
    label,
    ...['before', 'after'].map((when) => percent(`${name} ${when}`)),
  ];
  return [
    {
      columns: [task, 'before', `after ${record.then}`].map((title, c) => ({
        title,
        align: c === 0 ? 'left' : 'right',
      })),
      rows: [row('one model, fine-tuned in turn', 'full'), row('adapters of both in one bank', 'adapters')],
    },
  ];
}

/** Parameters of one model and N tasks over those of one model: what adapters, and whole copies, come to. */
export function totalSizes(model: string, methods: readonly string[], most: number): readonly SpreadPoint[] {
  const shape = knownShapes[model];
  if (shape === undefined) throw new Error(`no shape ${model}`);
  return methods.flatMap((method) => {
    const { trained } = count(parseMethod(method), shape);
    const share = trained / backbone(shape);
    return Array.from({ length: most }, (_, i) => ({
      line: method,
      x: i + 1,
      values: [method === 'full' ? i + 1 : 1 + (i + 1) * share],
    }));
  });
}

/** The same of a bank's folder by its files: a point of its own for one task, and for as many as it holds. */
export function measuredSizes(folder: string, modelFile: string): readonly SpreadPoint[] {
  const { model, sizes, all } = filesOf(folder, modelFile);
  const line = 'measured on disk';
  const one = { line, x: 1, values: sizes.map((size) => 1 + size / model) };
  return sizes.length === 0 ? [] : [one, { line, x: sizes.length, values: [1 + all / model] }];
}

function filesOf(
  folder: string,
  modelFile: string,
): {
  readonly names: readonly string[];
  readonly model: number;
  readonly sizes: readonly number[];
  readonly all: number;
} {
  const names = adaptersIn(folder);
  const sizes = names.map((name) => bytesBelow(join(folder, name)));
  return { names, model: statSync(modelFile).size, sizes, all: sizes.reduce((sum, size) => sum + size, 0) };
}

/** What a bank's folder holds on disk beside its model's file: measured. */
export function bankSizes(folder: string, modelFile: string): Table {
  const { names, model, sizes, all } = filesOf(folder, modelFile);
  const row = (what: string, bytes: number): readonly string[] => [
    what,
    (bytes / 1e6).toFixed(2),
    (bytes / model).toFixed(4),
  ];
  return {
    columns: ['on disk', 'MB', 'models'].map((title, c) => ({ title, align: c === 0 ? 'left' : 'right' })),
    rows: [
      row('the frozen model', model),
      ...names.map((name, i) => row(name, sizes[i] ?? 0)),
      row(`one model and ${names.length} tasks`, model + all),
    ],
  };
}

function bytesBelow(folder: string): number {
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}
