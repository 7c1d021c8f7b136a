import { expect, it } from 'vitest';
import { drawnCurves, type RunCurve } from './run-curves';

const run = (id: string, label: string, evaluations = 0): RunCurve =>
  ({
    entry: { id, label, task: 'sentiment', seed: 1 },
    record: {
      train: [{ step: 0, loss: 1 }],
      evaluations: Array.from({ length: evaluations }, (_, step) => ({ step, loss: 2 })),
    },
  }) as unknown as RunCurve;

it('names runs apart, and draws the validation of each beside it', () => {
  const curves = drawnCurves([run('a-00000001', 'head'), run('b-00000002', 'lora', 2), run('b-00000003', 'lora')]);
  expect(curves.map(({ label, beside, dash }) => [label, beside, dash])).toEqual([
    ['head, sentiment, seed 1', undefined, undefined],
    ['lora, sentiment, seed 1, 00000002', undefined, undefined],
    ['lora, sentiment, seed 1, 00000002: validation', 'lora, sentiment, seed 1, 00000002', 'dash'],
    ['lora, sentiment, seed 1, 00000003', undefined, undefined],
  ]);
});

it('draws no more runs than colours tell apart', () => {
  const runs = Array.from({ length: 11 }, (_, i) => run(`run-0000000${i}`, `lora:r=${i}`));
  expect(drawnCurves(runs.slice(1))).toHaveLength(10);
  expect(() => drawnCurves(runs)).toThrow('at most 10 runs apart, these are 11: say which by --where');
});
