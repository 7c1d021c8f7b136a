import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { budgetSweep } from '../plots/budget-sweep';
import { demoRows } from '../plots/demo';
import type { Figure } from '../plots/figure';
import { gaps } from '../plots/gaps';
import { heatMap } from '../plots/heat-map';
import { lossCurve } from '../plots/loss-curve';
import { parameterScore } from '../plots/parameter-score';
import { percentileBands } from '../plots/percentiles';
import type { RunRow } from '../plots/summary';
import { figureSvg } from '../plots/svg';
import { projectRoot } from '../project';
import { drawMethod } from './method-picture';
import { panels } from './panels';
import { drawByText, drawReader } from './reading-pictures';
import { drawBank, drawGenerator, drawTwice } from './system-pictures';

const cells = ['attention', 'FFN', 'attention + FFN'].flatMap((row, r) =>
  [1, 2, 3, 4, 5, 6].map((layer, c) => ({ row, column: `layer ${layer}`, value: 0.05 * (r + 1) * c })),
);
const curve = (label: string, from: number): { label: string; points: { step: number; value: number }[] } => ({
  label,
  points: Array.from({ length: 24 }, (_, i) => ({ step: 10 * i, value: from / (1 + i / 6) })),
});
const comparison = (first: string, gap: number): Parameters<typeof gaps>[0][number] => ({
  first,
  second: 'MAM l=4, r=60',
  task: 'demo-task',
  metric: 'accuracy',
  gap,
  interval: { low: gap - 0.01, high: gap + 0.012 },
  seeds: 3,
  examples: 1500,
});

const ranks = (r: number): readonly RunRow[] =>
  demoRows(2)
    .filter(({ method }) => method === 'demo-lora')
    .map((row) => ({
      ...row,
      method: `demo-lora-${r}`,
      label: `LoRA r=${r}`,
      share: 0.04 * r,
      score: 0.8 + 0.001 * r,
    }));
const spread = ['adapters', 'top layers'].flatMap((line, l) =>
  [1e4, 1e5, 1e6].map((x, i) => ({ line, x, values: [0, 1, 2, 3].map((k) => -6 + 2 * i - l + 0.4 * k) })),
);
const grid = (title: string, t: number): { title: string; values: number[][] } => ({
  title,
  values: [0, 1].map((row) => [0, 1, 2].map((column) => 0.1 * (t + 1) * (row - column))),
});
const grids = {
  name: 'grids',
  title: 'Grids',
  subtitle: '',
  rows: ['a', 'b'],
  columns: ['0', '1', '2'],
  axes: ['word', 'unit'] as const,
};

/** What each looks like at the widths of a column, of two and of a screen; made-up numbers. */
const pictures: Readonly<Record<string, (width: number) => Figure>> = {
  'parameter-score': (width) => parameterScore(demoRows(3), { width }),
  'loss-curve': (width) => lossCurve([curve('LoRA r=8', 0.7), curve('prefix tuning l=16', 0.9)], { width }),
  gaps: (width) =>
    gaps([comparison('LoRA r=16', 0.02), comparison('prefix tuning l=32', -0.03)], {
      name: 'gaps',
      title: 'Against MAM',
      width,
    }),
  'heat-map': (width) =>
    heatMap(cells, { name: 'heat-map', title: 'Gates by layer', unit: 'gate', axes: ['site', 'layer'], width }),
  'budget-sweep': (width) => budgetSweep([...[2, 8, 32].flatMap(ranks), ...demoRows(2).slice(0, 1)], { width }),
  percentiles: (width) =>
    percentileBands(spread, { name: 'trade-off', title: 'Trade-off', x: 'trained', y: 'points', log: true, width }),
  panels: (width) => panels(['LoRA', 'MAM', 'prefix'].map(grid), { ...grids, width }),
  bank: (width) => drawBank({ sentiment: 'houlsby:m=32', synopsis: 'lora:r=8', dialogue: 'houlsby:m=8' }, { width }),
  generator: (width) => drawGenerator('id-prompt:l=20,q=128', { model: 'smollm2-135m', width }),
  reader: (width) => drawReader('prompt:l=20', { model: 'smollm2-135m', width }),
  'by-text': (width) => drawByText('prompt:l=20', 4, { model: 'petl-mini-lm', width }),
  twice: (width) => drawTwice('prompt:l=20+twice:r=64', { model: 'gpt2', width }),
  method: (width) => drawMethod('mam:l=16,r=64', { against: 'lora:r=8', width }),
};

/** A change of these pictures is looked at before it is accepted: `npx vitest run src/views/references.test.ts -u`. */
describe('reference pictures', () => {
  const folder = join(projectRoot(), 'src', 'views', 'fixtures', 'references');
  const all = Object.entries(pictures).flatMap(([name, draw]) =>
    [330, 500, 940].map((width) => ({ name, width, draw })),
  );
  it.each(all)('$name at $width px', async ({ name, width, draw }) => {
    await expect(await figureSvg(draw(width))).toMatchFileSnapshot(join(folder, `${name}-${width}.svg`));
  });
});
