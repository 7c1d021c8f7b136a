import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { RunEntry } from '../experiments/store/entry';
import { recordAt } from '../experiments/store/read';
import type { RunRecord } from '../experiments/store/record';
import { resultsFolder } from '../experiments/store/spec';
import { UserError } from '../errors';
import { demandWritable } from '../files';
import { mostLines } from '../plots/lines';
import type { Curve } from '../plots/loss-curve';
import type { DataColumn } from '../plots/parquet';
import { smoothed, type CurvePoint } from '../plots/smooth';
import type { Table } from '../plots/table';
import { shownTask } from '../tasks/own/stored';

/** A stored run with its curve. */
export interface RunCurve {
  readonly entry: RunEntry;
  readonly record: RunRecord;
}

export function curvesOf(entries: readonly RunEntry[], results: string = resultsFolder()): readonly RunCurve[] {
  return entries.map((entry) => ({ entry, record: recordAt(join(results, entry.path)) }));
}

/**
 * As a figure draws them: training, and validation where there is any, dashed in the colour of its run.
 * @throws UserError on more runs than colours tell apart
 */
export function drawnCurves(curves: readonly RunCurve[]): readonly Curve[] {
  if (curves.length > mostLines)
    throw new UserError(
      `a figure tells at most ${mostLines} runs apart, these are ${curves.length}: say which by --where, or leave --out away`,
    );
  const named = curves.map(({ entry }) => `${entry.label}, ${shownTask(entry.task)}, seed ${entry.seed}`);
  return curves.flatMap(({ entry, record }, i) => {
    const name = named[i] ?? '';
    const isOne = named.filter((other) => other === name).length === 1;
    const label = isOne ? name : `${name}, ${entry.id.slice(-8)}`;
    const validation = record.evaluations.map(({ step, loss }) => ({ step, value: loss }));
    return [
      { label, points: record.train.map(({ step, loss }) => ({ step, value: loss })) },
      ...(validation.length > 1
        ? [{ label: `${label}: validation`, points: validation, dash: 'dash' as const, beside: label }]
        : []),
    ];
  });
}

/** One line a run, its curve in characters. */
export function curveTable(curves: readonly RunCurve[]): Table {
  return {
    columns: (['method', 'task', 'seed', 'loss over steps', 'first', 'last', 'validation'] as const).map(
      (title, i) => ({ title, align: i === 2 || i > 3 ? 'right' : 'left' }),
    ),
    rows: curves.map(({ entry, record: { train } }) => [
      entry.method,
      shownTask(entry.task),
      String(entry.seed),
      blocks(
        train.map(({ step, loss }) => ({ step, value: loss })),
        40,
      ),
      train[0]?.loss.toFixed(3) ?? '-',
      train.at(-1)?.loss.toFixed(3) ?? '-',
      entry.validation?.toFixed(3) ?? '-',
    ]),
  };
}

const heights = '▁▂▃▄▅▆▇█';

/** The curve, smoothed where it is long, as at most `width` block characters from its least to its largest value. */
function blocks(points: readonly CurvePoint[], width: number): string {
  const values = (smoothed(points) ?? points).map(({ value }) => value);
  const count = Math.min(width, values.length);
  const shown = Array.from({ length: count }, (_, i) => values[Math.floor((i * values.length) / count)] ?? 0);
  const [low, high] = [Math.min(...shown), Math.max(...shown)];
  return shown.map((value) => heights[Math.round((7 * (value - low)) / Math.max(high - low, 1e-12))] ?? '').join('');
}

/** Every point of every curve, by columns. */
export function curveColumns(curves: readonly RunCurve[]): readonly DataColumn[] {
  const points = curves.flatMap(({ entry, record }) => [
    ...record.train.map(({ step, loss, seconds }) => ({ entry, split: 'train', step, loss, score: null, seconds })),
    ...record.evaluations.map(({ step, loss, score, seconds, split }) => ({
      entry,
      split,
      step,
      loss,
      score,
      seconds,
    })),
  ]);
  const text = (name: string, of: (point: (typeof points)[number]) => string): DataColumn => ({
    name,
    kind: 'text',
    values: points.map(of),
  });
  const number = (name: string, of: (point: (typeof points)[number]) => number | null): DataColumn => ({
    name,
    kind: 'number',
    values: points.map(of),
  });
  return [
    text('id', ({ entry }) => entry.id),
    text('study', ({ entry }) => entry.study),
    text('task', ({ entry }) => entry.task),
    text('method', ({ entry }) => entry.method),
    number('seed', ({ entry }) => entry.seed),
    text('split', ({ split }) => split),
    number('step', ({ step }) => step),
    number('loss', ({ loss }) => loss),
    number('score', ({ score }) => score),
    number('seconds', ({ seconds }) => seconds),
  ];
}

/** What was written of a run before: TensorBoard shows the points of all files of a folder. */
function removeEvents(folder: string): void {
  for (const name of readdirSync(folder))
    if (name.startsWith('events.out.tfevents.')) rmSync(join(folder, name), { force: true });
}

/**
 * Writes the curves as event files of TensorBoard, a folder for each run, by TensorFlow's own writer, in place of those
 * that are there. Returns the folders. @param folder what `tensorboard --logdir` is given
 * @throws UserError, before anything is written, where one cannot be
 */
export function writeEvents(curves: readonly RunCurve[], folder: string): readonly string[] {
  const places = curves.map(({ entry }) => join(folder, entry.study, entry.id));
  places.forEach(demandWritable); // what the writer says of it is no sentence
  const { tf } = require('../engine/tf') as typeof import('../engine/tf');
  return curves.map(({ record }, i) => {
    const place = places[i] ?? folder;
    removeEvents(place);
    const writer = tf.node.summaryFileWriter(place);
    for (const { step, loss } of record.train) writer.scalar('train/loss', loss, step);
    for (const { step, loss, score, split } of record.evaluations) {
      writer.scalar(`${split}/loss`, loss, step);
      writer.scalar(`${split}/score`, score, step);
    }
    if (record.final.score !== null)
      writer.scalar(`test/${record.final.metric}`, record.final.score, record.final.steps);
    writer.flush();
    return place;
  });
}
