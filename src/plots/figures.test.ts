import { describe, expect, it } from 'vitest';
import { budgetSweep } from './budget-sweep';
import { demoRows } from './demo';
import { gaps } from './gaps';
import { colourAt, heatMap } from './heat-map';
import { spreadOut } from './lines';
import { lossCurve } from './loss-curve';
import { colours, symbols } from './looks';
import { logAxis, meanText, shortNumber } from './scale';
import { figureSvg } from './svg';
import { fullFineTuning } from '../rows';

const rank = (r: number, seed: number) => ({
  ...demoRows(1)[6]!,
  seed,
  method: `demo-lora-${r}`,
  label: `LoRA r=${r}`,
  share: 0.04 * r,
  score: 0.8 + 0.001 * r,
});

describe('budgetSweep', () => {
  it('joins the budgets of a family in order', () => {
    const figure = budgetSweep([32, 2, 8].flatMap((r) => [rank(r, 1), rank(r, 2)]));
    expect(figure.numbers.map((line) => [line['line'], line['label'], line['seeds']])).toEqual([
      ['LoRA', 'LoRA r=2', 2],
      ['LoRA', 'LoRA r=8', 2],
      ['LoRA', 'LoRA r=32', 2],
    ]);
  });

  it('writes what stands across all budgets beside the budgets', () => {
    const full = { ...rank(8, 1), method: 'full', label: 'full fine-tuning', form: fullFineTuning, share: 100 };
    expect(budgetSweep([rank(8, 1), full]).numbers.map((line) => [line['line'], line['budget']])).toEqual([
      ['LoRA', 0.32],
      ['full fine-tuning', ''],
    ]);
  });
});

describe('lossCurve', () => {
  it('names each line at its end and leaves out lines without points', async () => {
    const points = [
      { step: 0, value: 0.7 },
      { step: 10, value: 0.5 },
    ];
    const figure = lossCurve([
      { label: 'train', points },
      { label: 'validation', points: [] },
    ]);
    expect(figure.data).toHaveLength(1);
    expect(figure.numbers).toEqual([
      { label: 'train', ...points[0] },
      { label: 'train', ...points[1] },
    ]);
    expect(await figureSvg(figure)).toContain('>train</text>');
    expect(await figureSvg(lossCurve([]))).toContain('Training');
  });

  it('moves names apart and keeps their order', () => {
    const placed = spreadOut([100, 101, 102, 30], 15, 200);
    expect(placed[3]).toBe(30);
    expect(placed[1]! - placed[0]!).toBeGreaterThan(14.5);
    expect(placed[2]! - placed[1]!).toBeGreaterThan(14.5);
    expect(Math.max(...spreadOut([199, 199, 199], 15, 200))).toBeLessThanOrEqual(200);
    expect(spreadOut([0, 1, 2, 198, 199, 200], 15, 200)).toEqual([0, 15, 30, 170, 185, 200]);
    expect(spreadOut([9, 9, 9], 15, 20)).toEqual([0, 10, 20]);
  });

  it('grows as tall as the names of many lines, and draws what stands beside a line in its colour', () => {
    const label = (i: number): string => `run ${i} under a name that is long enough to go on in a second line`;
    const curves = Array.from({ length: 10 }, (_, i) => [
      { label: label(i), points: [{ step: 0, value: 1 + i / 1e4 }] },
      { label: `${label(i)}: validation`, points: [{ step: 0, value: 2 }], beside: label(i), dash: 'dash' as const },
    ]).flat();
    const { data, layout, height } = lossCurve(curves, { width: '84mm' });
    const plot = height - Number(layout.margin?.t) - Number(layout.margin?.b);
    const names = layout.annotations ?? [];
    expect(names).toHaveLength(10);
    const places = names.map(({ y }) => plot * Number(y)).sort((a, b) => a - b);
    const lines = Math.max(...names.map(({ text = '' }) => text.split('<br>').length));
    for (let i = 1; i < 10; i++)
      expect(places[i]! - places[i - 1]!).toBeGreaterThan(1.2 * lines * Number(names[0]?.font?.size));
    const colour = data.map((trace) => (trace as { line?: { color?: unknown } }).line?.color);
    expect(new Set(colour).size).toBe(10);
    expect(colour[1]).toBe(colour[0]);
    expect(data[1]).toMatchObject({ line: { dash: 'dash' } });
  });
});

describe('heatMap', () => {
  it('draws a square and a number for each cell', async () => {
    const cells = [0.1, 0.9].flatMap((value, i) => ['a', 'b'].map((column) => ({ row: `row ${i}`, column, value })));
    const figure = heatMap(cells, { name: 'heat', title: 'Heat', unit: 'accuracy', axes: ['method', 'task'] });
    expect(figure.layout.shapes).toHaveLength(4);
    const svg = await figureSvg(figure);
    for (const word of ['row 0', 'row 1', '>a<', '0.10', '0.90', 'accuracy', 'method', 'task'])
      expect(svg).toContain(word);
    expect([colourAt(0), colourAt(1)]).toEqual(['#00224e', '#fee838']);
    const one = heatMap(cells.slice(0, 2), { name: 'one', title: 'One', unit: 's', axes: ['a long name of rows', ''] });
    const [{ height = 0 }, { t = 0, b = 0 } = {}] = [one, one.layout.margin];
    expect(height - t - b).toBeGreaterThan(90); // as tall as the name of its row
    // Names its font once and nothing that a reader of SVG assumes.
    expect(svg.match(/font-family/g)).toHaveLength(1);
    expect(svg).not.toMatch(/opacity: 1;|: rgb\(/);
  });
});

describe('numbers in words', () => {
  it('are short', () => {
    expect([0, 0.00312, 0.5, 1234, 12345, 22600000, 1.1e9].map(shortNumber)).toEqual([
      '0',
      '0.00312',
      '0.5',
      '1234',
      '12.3 k',
      '22.6 M',
      '1.1 G',
    ]);
    expect(meanText({ mean: 0.8391, sd: 0.0041, seeds: 3 }, 'percent')).toBe('83.9 ± 0.4');
    expect(meanText({ mean: 21.4, sd: 0, seeds: 1 }, 'number')).toBe('21.40');
  });

  it('mark every power of ten', () => {
    const axis = logAxis('x', { from: -2.2, to: 1.1 }, '%') as { ticktext?: string[] };
    expect(axis.ticktext).toEqual(['0.01%', '0.03%', '0.1%', '0.3%', '1%', '3%', '10%']);
  });
});

describe('looks', () => {
  it('keep the colour and the marker of known words, and give others one', () => {
    expect([...colours(['demo site', 'FFN', 'FFN'])]).toEqual([
      ['FFN', '#d55e00'],
      ['demo site', '#56b4e9'],
    ]);
    expect(symbols(['FFN', 'adapter', 'prefix']).get('prefix')).toBe('triangle-up');
  });
});

describe('gaps', () => {
  const comparison = (first: string, gap: number, metric = 'accuracy') => ({
    first,
    second: 'MAM',
    task: 'sentiment',
    metric,
    gap,
    interval: { low: gap - 0.01, high: gap + 0.01 },
    seeds: 3,
    examples: 1900,
  });

  it('draws the best on top and sets apart what the interval does', async () => {
    const figure = gaps([comparison('bad', -0.02), comparison('good', 0.015), comparison('alike', 0.001)], {
      name: 'gaps',
      title: 'Against MAM',
    });
    expect(figure.numbers.map(({ method }) => method)).toEqual(['good', 'alike', 'bad']);
    expect(figure.data).toMatchObject([
      { name: 'better', x: [1.5], y: [0] },
      { name: 'worse', x: [-2], y: [2] },
      { name: 'level', x: [0.1], y: [1] },
    ]);
    expect(figure.data).toHaveLength(3);
    const svg = await figureSvg(figure);
    for (const word of ['>good<', '>MAM<', 'points of accuracy', '1,900 test examples']) expect(svg).toContain(word);
  });

  it('keeps the unit of other metrics and needs something to draw', () => {
    expect(gaps([comparison('one', 0.02, 'nll')], { name: 'gaps', title: 'x' }).data[0]).toMatchObject({ x: [0.02] });
    expect(() => gaps([], { name: 'none', title: 'x' })).toThrow('figure none: no comparison to draw');
  });
});
