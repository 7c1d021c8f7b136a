import { describe, expect, it } from 'vitest';
import { demoRows } from './demo';
import { labelRect, overlap, placeLabels } from './labels';
import { parameterScore } from './parameter-score';
import { figureSvg, svgPng } from './svg';
import { fullFineTuning } from '../rows';

describe('parameterScore', () => {
  const published = [
    { label: 'MAM (paper)', form: 'mixed', site: 'attention + FFN', share: 6.7, score: 0.842, source: 'demo, Table 0' },
  ];

  it('gives one number line per method, with mean and deviation over seeds', () => {
    const rows = demoRows(3);
    const { numbers } = parameterScore(rows);
    const lora = rows.filter((row) => row.method === 'demo-lora').map((row) => row.score);
    const mean = (lora[0]! + lora[1]! + lora[2]!) / 3;
    const line = numbers.find((item) => item['label'] === 'LoRA r=8');
    expect(numbers).toHaveLength(13);
    expect(line?.['mean']).toBeCloseTo(mean, 12);
    expect(line?.['sd']).toBeCloseTo(Math.sqrt(lora.reduce((sum, s) => sum + (s - mean) ** 2, 0) / 2), 12);
    expect(line?.['seeds']).toBe(3);
  });

  it('draws full fine-tuning and head only as lines, the others as marks', () => {
    const { data } = parameterScore(demoRows(3));
    const named = (name: string) =>
      data.find((trace) => 'name' in trace && trace.name === name) as {
        mode?: string;
        line?: { dash?: string };
        y?: number[];
      };
    const full = demoRows(3).filter((row) => row.form === fullFineTuning);
    expect(named(fullFineTuning).mode).toBe('lines');
    expect(named(fullFineTuning).y?.[0]).toBeCloseTo(full.reduce((sum, row) => sum + row.score, 0) / 3, 12);
    expect(named('head only').line?.dash).toBe('dot');
    const marked = data.filter((trace) => 'mode' in trace && trace.mode === 'markers' && 'error_y' in trace);
    expect(marked.flatMap((trace) => ('x' in trace ? [...(trace.x as number[])] : []))).toHaveLength(11);
  });

  it('draws published numbers hollow and names their source', () => {
    const { data, numbers } = parameterScore(demoRows(1), { published });
    const hollow = data.filter(
      (trace) => 'marker' in trace && (trace.marker as { symbol?: string } | undefined)?.symbol?.endsWith('-open'),
    );
    expect(hollow).toHaveLength(2); // the point and its key
    expect(numbers.at(-1)).toMatchObject({ label: 'MAM (paper)', source: 'demo, Table 0', seeds: 0 });
  });

  it('has ticks for a single method, and a line for one that trains nothing of the backbone', async () => {
    const one = demoRows(1).filter((row) => row.method === 'demo-bitfit' || row.form === fullFineTuning);
    expect(await figureSvg(parameterScore(one))).toMatch(/>0\.1%<|>0\.2%</);
    const figure = parameterScore([
      ...one,
      ...demoRows(1)
        .filter((row) => row.method === 'demo-lora')
        .map((row) => ({ ...row, share: 0 })),
    ]);
    expect(
      figure.data.filter(
        (trace) => 'mode' in trace && trace.mode === 'lines' && 'name' in trace && trace.name === 'LoRA r=8',
      ),
    ).toHaveLength(1);
  });

  it('joins sizes of one family and sets sequential from parallel insertion apart', () => {
    const [lora] = demoRows(1).filter((row) => row.method === 'demo-lora');
    const sized = [2, 8].flatMap((r) =>
      ['parallel', 'sequential'].map((insertion) => ({
        ...lora!,
        insertion,
        method: `${insertion}-${r}`,
        label: `${insertion}:r=${r}`,
        share: r / 10,
      })),
    );
    const { data } = parameterScore(sized);
    const joined = data.flatMap((trace) =>
      'mode' in trace && trace.mode === 'lines' && 'x' in trace && (trace.x as unknown[])[0] !== null ? [trace.x] : [],
    );
    expect(joined).toEqual([
      [0.2, 0.8],
      [0.2, 0.8],
    ]);
    const symbols = data.flatMap((trace) =>
      'text' in trace && 'marker' in trace ? [(trace.marker as { symbol: string }).symbol] : [],
    );
    expect(symbols.sort()).toEqual(['circle', 'circle-dot']);
  });

  it('becomes a dot plot with intervals where all methods are of one size, the best on top', () => {
    const { data, layout, numbers } = parameterScore(demoRows(3).map((row) => ({ ...row, share: row.share && 1 })));
    expect(numbers.map(({ label }) => label).slice(0, 2)).toEqual(['full fine-tuning', 'MAM']);
    expect((layout.yaxis as { ticktext: string[] }).ticktext[1]).toBe('MAM');
    // Student's 97.5% quantile at two degrees of freedom.
    const mam = numbers[1] as { mean: number; sd: number; high: number };
    expect((mam.high - mam.mean) / mam.sd).toBeCloseTo(4.302653 / Math.sqrt(3), 5);
    expect(data.filter((trace) => 'error_x' in trace)).toHaveLength(13);
  });

  it('rings the points of a dot plot by their composition, as its keys say', () => {
    const rows = demoRows(2).map((row) => ({ ...row, share: 1, form: 'adapter', site: 'FFN', insertion: 'parallel' }));
    const some = rows.map((row) => ({ ...row, composition: row.label === 'MAM' ? 'learned scale' : 'added' }));
    const { data, numbers } = parameterScore(some);
    const x = [numbers.find(({ label }) => label === 'MAM')?.['mean']];
    expect(data).toContainEqual(
      expect.objectContaining({ x, marker: expect.objectContaining({ symbol: ['diamond-open'] }) as unknown }),
    );
  });

  it('ends an axis of shares a little above 100%', () => {
    const all = parameterScore(demoRows(2).map((row) => ({ ...row, score: row.label === 'MAM' ? 1 : row.score })));
    const [from, to] = all.layout.yaxis?.range as readonly [number, number];
    expect(to).toBeGreaterThan(1);
    expect(to).toBeLessThan(1 + 0.05 * (1 - from));
  });

  it('fits a column: axis titles beside their axes, keys below, long titles in lines', async () => {
    const title = 'A title of many words that no single column is wide enough for';
    const figure = parameterScore(demoRows(2), { width: '84mm', title });
    const svg = await figureSvg(figure);
    expect(figure.width).toBe(317);
    expect(svg).not.toMatch(/<g class="g-[xy]title" transform/);
    expect(figure.layout.title).toMatchObject({ text: expect.stringContaining('<br>') as string });
    expect(figure.layout).toHaveProperty('legend3');
  });

  it('refuses rows that do not belong together, and none at all', () => {
    expect(() => parameterScore([])).toThrow(/train the study/);
    expect(() => parameterScore([...demoRows(1), ...demoRows(1, 'other-task')])).toThrow(
      /one task.*demo-task and other-task/,
    );
  });

  it('is drawn with every word, the same bytes every time, also after other figures', async () => {
    const figure = parameterScore(demoRows(3), { published });
    const svg = await figureSvg(figure);
    for (const word of [
      'MAM',
      'LoRA r=8',
      'functional form',
      'modified site',
      'test accuracy',
      '1%',
      '80%',
      'full fine-tuning 8',
    ]) {
      expect(svg, word).toContain(word);
    }
    await figureSvg(parameterScore(demoRows(1), { name: 'another' }));
    expect(await figureSvg(figure)).toBe(svg);
    expect(svg).not.toMatch(/url\(['&]/);
    const [width, height] = [svgPng(svg).readUInt32BE(16), svgPng(svg).readUInt32BE(20)];
    // Tall enough for five codes of keys.
    expect([width, height]).toEqual([2 * 940, 2 * figure.height]);
    expect(figure.height).toBeGreaterThan(560);
  });
});

describe('placeLabels', () => {
  it('keeps crowded labels apart, off the marks and inside', () => {
    const bounds = { left: 0, top: 0, right: 600, bottom: 400 };
    const points = Array.from({ length: 14 }, (_, i) => ({
      x: 250 + 23 * (i % 5),
      y: 180 + 19 * Math.floor(i / 5),
      width: 90,
      height: 15,
    }));
    const places = placeLabels(points, { bounds, obstacles: [] });
    const rects = points.map((point, i) => labelRect(point, places[i]!));
    for (const [i, rect] of rects.entries()) {
      expect(rect.left >= 0 && rect.right <= 600 && rect.top >= 0 && rect.bottom <= 400).toBe(true);
      for (const other of rects.slice(i + 1)) expect(overlap(rect, other)).toBe(0);
    }
  });

  it('lets no text pass for that of another mark', () => {
    const bounds = { left: 0, top: 0, right: 600, bottom: 400 };
    const points = [
      [300, 160],
      [300, 174],
      [309, 175],
      [300, 214],
    ].map(([x = 0, y = 0]) => ({ x, y, width: 110, height: 15 }));
    const places = placeLabels(points, { bounds, obstacles: [] });
    const gap = (of: number, to: number): number => {
      const [{ left, right, top, bottom }, { x, y }] = [labelRect(points[of]!, places[of]!), points[to]!];
      return Math.hypot(Math.max(left - x, 0, x - right), Math.max(top - y, 0, y - bottom));
    };
    const near = points.flatMap((_, i) => (places[i]!.far ? [] : [i]));
    expect(near.length).toBeGreaterThan(1);
    for (const i of near)
      for (const j of points.keys()) if (j !== i) expect(gap(i, j), `text ${i}, mark ${j}`).toBeGreaterThan(gap(i, i));
  });

  it('draws a line to a text that stands about as near to another mark', () => {
    const spots = [
      ...[
        [71, 145, 60],
        [100, 142, 67],
        [125, 137, 25],
        [184, 127, 31],
        [228, 121, 37],
        [277, 147, 57],
      ],
      [241, 209, 44],
    ].map(([x = 0, y = 0, width = 0]) => ({ x, y, width, height: 12 }));
    const spreads = [11, 17, 21, 16, 11, 23].map((sd, i) => ({
      ...{ left: spots[i]!.x - 4, right: spots[i]!.x + 4 },
      ...{ top: spots[i]!.y - sd, bottom: spots[i]!.y + sd },
    }));
    const places = placeLabels(spots, { bounds: { left: 53, top: 83, right: 320, bottom: 317 }, obstacles: spreads });
    const gap = (i: number, { x, y }: { x: number; y: number }): number => {
      const { left, right, top, bottom } = labelRect(spots[i]!, places[i]!);
      return Math.hypot(Math.max(left - x, 0, x - right), Math.max(top - y, 0, y - bottom));
    };
    const unclear = spots.filter(
      (spot, i) => !places[i]!.far && spots.some((other) => other !== spot && gap(i, other) <= 1.5 * gap(i, spot)),
    );
    expect(unclear).toEqual([]);
  });
});
