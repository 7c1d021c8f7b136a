import { describe, expect, it } from 'vitest';
import { demoRows } from './demo';
import { heatMap } from './heat-map';
import { interactive, wordsOf } from './interactive';
import { lossCurve } from './loss-curve';
import { parameterScore } from './parameter-score';

interface Seen {
  readonly meta: { readonly words: string; readonly columns?: readonly string[]; readonly rows?: readonly unknown[] };
  readonly updatemenus?: readonly { readonly buttons: readonly { readonly args: readonly object[] }[] }[];
}
const seen = (figure: Parameters<typeof interactive>[0]): Seen => interactive(figure).layout as Seen;

describe('a figure that is used', () => {
  const rows = demoRows(3).map((row) => ({ ...row, run: `${row.method}-s${row.seed}` }));
  const figure = parameterScore(rows);

  it('is told in words: its heading, and from where to where its numbers go', () => {
    expect(wordsOf(figure)).toMatch(
      /^Trained parameters and accuracy on demo-task\. demo-model, tier quick, .*3 seeds\. 13 rows, mean from 0\.77\d* \(head only, head only\) to 0\.8\d+ \(/,
    );
    const cells = [0.2, 0.1].map((value, i) => ({ row: 'a', column: `b${i}`, value }));
    expect(wordsOf(heatMap(cells, { name: 'h', title: 'H & <h>', unit: 'gate', axes: ['layer', 'head'] }))).toBe(
      'H & <h>. 2 rows, gate from 0.1 (a, b1) to 0.2 (a, b0).',
    );
    expect(wordsOf(lossCurve([]))).toBe('Training.');
  });

  it('carries its rows, unless they are those of every step', () => {
    const { meta } = seen(figure);
    expect(meta.rows).toHaveLength(13);
    expect(meta.columns?.[0]).toBe('label');
    const points = Array.from({ length: 500 }, (_, step) => ({ step, value: 1 / (1 + step) }));
    expect(seen(lossCurve([{ label: 'loss', points }])).meta.rows).toBeUndefined();
  });

  it('goes from logarithms to plain numbers and back, where it has logarithms', () => {
    const [log, linear] = seen(figure).updatemenus?.[0]?.buttons.map(({ args }) => args[0]) ?? [];
    expect(log).toMatchObject({ 'xaxis.type': 'log', 'xaxis.range': figure.layout.xaxis?.range });
    expect(linear).toMatchObject({
      'xaxis.type': 'linear',
      'xaxis.title.text': 'trained parameters, % of the backbone',
    });
    expect(seen(lossCurve([])).updatemenus).toBeUndefined();
  });

  it('names the run of each seed, and sets a site apart with all that is of it', () => {
    const traces = figure.data as readonly { text?: string[]; legendgroup?: string; legend?: string; name?: string }[];
    const texts = traces.flatMap(({ text = [] }) => text);
    expect(texts.filter((text) => /^<b>LoRA r=8, seed 2<\/b><br>8[\d.]+<br>demo-lora-s2$/.test(text))).toHaveLength(1);
    expect(texts.find((text) => text.includes('LoRA r=8') && text.includes('parameters'))).toMatch(
      /\(3 seeds: 1, 2, 3\)/,
    );
    const key = traces.find(({ name, legend }) => name === 'attention' && legend === 'legend');
    const own = traces.filter(({ legendgroup }) => legendgroup === key?.legendgroup);
    expect(own.length).toBeGreaterThan(4); // the key, its marks and its seeds
    expect(figure.layout.legend).toMatchObject({ itemclick: 'toggleothers' });
  });
});
