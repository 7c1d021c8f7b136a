import type { Side, VoicesBench } from '../experiments/bench-record';
import { knownShapes } from '../model/shapes';
import { count } from '../petl/counts/count';
import { parseMethod } from '../petl/design/written';
import type { SpreadPoint } from '../plots/percentiles';
import type { Column, Table } from '../plots/table';

const left = (title: string): Column => ({ title, align: 'left' });
const right = (title: string): Column => ({ title, align: 'right' });

/** A task and the written form of what it adds. */
type Added = readonly [task: string, method: string];

/** Bytes of five tasks: the frozen model once with a delta each, against a whole model each. */
export function storageTable(model: string, methods: readonly Added[]): Table {
  const shape = knownShapes[model];
  if (shape === undefined) throw new Error(`no shape ${model}`);
  const counts = methods.map(([task, method]) => ({ task, method, ...count(parseMethod(method), shape) }));
  const [{ backbone } = { backbone: 0 }] = counts;
  const part = (n: number): string => `${((100 * n) / backbone).toFixed(2)}%`;
  const sum = counts.reduce((total, { stored }) => total + stored, 0);
  const line = (task: string, method: string, n: number): readonly string[] => [
    task,
    method,
    n.toLocaleString('en'),
    part(n),
    `${((4 * n) / 1e6).toFixed(2)} MB`,
  ];
  return {
    columns: [left('task'), left('added to the frozen model'), right('parameters'), right('of it'), right('float32')],
    rows: [
      ...counts.map(({ task, method, stored }) => line(task, method, stored)),
      line('all', `${counts.length} tasks`, sum),
      line('a task', 'mean', Math.round(sum / counts.length)),
      line('all', `${counts.length} models, each fine-tuned whole`, counts.length * backbone),
    ],
  };
}

/** Parameters after each further task, in % of the model: the frozen one with a delta for each, and a copy for each. */
export function storagePoints(model: string, methods: readonly Added[]): readonly SpreadPoint[] {
  const shape = knownShapes[model];
  if (shape === undefined) throw new Error(`no shape ${model}`);
  let sum = 1;
  return methods.flatMap(([, method], i): readonly SpreadPoint[] => {
    const { stored, backbone } = count(parseMethod(method), shape);
    sum += stored / backbone;
    return [
      { line: 'one frozen model, a delta for each task', x: i + 1, values: [100 * sum] },
      { line: 'a fine-tuned copy for each task', x: i + 1, values: [100 * (i + 1)] },
    ];
  });
}

const names: Readonly<Record<Side['side'], string>> = {
  bank: 'one model, five adapters, one batch',
  models: 'five models in memory, one after another',
  loads: 'five loads, one after another',
};

/** Time and memory of writing for five tasks. */
export function servedTable({ models }: VoicesBench): Table {
  return {
    columns: [left('model'), left('five tasks by'), right('first texts, s'), right('again, s'), right('memory, MB')],
    rows: Object.entries(models).flatMap(([model, { sides }]) =>
      sides.map(({ side, firstSeconds, againSeconds, memoryMb }) => [
        ...[model, names[side], firstSeconds.toFixed(2), againSeconds.toFixed(2), memoryMb.toFixed(0)],
      ]),
    ),
  };
}

/** Files on disk: five adapters beside one model, against a whole model for each task. */
export function diskTable({ models, tasks }: VoicesBench): Table {
  const mb = (bytes: number): string => (bytes / 1e6).toFixed(2);
  const percent = (share: number): string => `${(100 * share).toFixed(1)}%`;
  return {
    columns: [left('model'), left('on disk'), right('MB'), right('of a model')],
    rows: Object.entries(models).flatMap(
      ([
        model,
        {
          disk: { adaptersBytes, wholeBytes },
        },
      ]) => [
        [model, `${tasks} adapters`, mb(adaptersBytes), percent(adaptersBytes / wholeBytes)],
        [
          model,
          `one model and ${tasks} adapters`,
          mb(wholeBytes + adaptersBytes),
          percent(1 + adaptersBytes / wholeBytes),
        ],
        [model, `${tasks} models, each fine-tuned whole`, mb(tasks * wholeBytes), percent(tasks)],
      ],
    ),
  };
}
