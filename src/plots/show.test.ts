import { describe, expect, it, vi } from 'vitest';
import { demoRows } from './demo';
import { liveCurve, progressBar } from './live';
import { notebook, type Bundle, type Output } from './output';
import { parameterScore } from './parameter-score';
import { scoreTable } from './score-table';
import { show, showTable } from './show';

/** A kernel that keeps what it is shown. */
function recorder(): { readonly output: Output; readonly shown: { bundle: Bundle; id: string }[] } {
  const shown: { bundle: Bundle; id: string }[] = [];
  return {
    output: {
      show: (bundle, id) => {
        shown.push({ bundle, id });
      },
    },
    shown,
  };
}

describe('show', () => {
  it('gives one bundle of interactive figure, picture and words', async () => {
    const { output, shown } = recorder();
    await show(parameterScore(demoRows(2)), output);
    expect(shown).toHaveLength(1);
    expect(Object.keys(shown[0]?.bundle ?? {})).toEqual([
      'application/vnd.plotly.v1+json',
      'image/svg+xml',
      'text/plain',
    ]);
    const plotly = shown[0]?.bundle['application/vnd.plotly.v1+json'];
    expect(JSON.parse(JSON.stringify(plotly))).toMatchObject({ layout: { width: 940 } });
  });

  it('shows tables as HTML with text, and prints them outside a notebook', () => {
    const { output, shown } = recorder();
    showTable(scoreTable(demoRows(1)), output);
    expect(shown[0]?.bundle['text/html']).toContain('<table>');
    const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    showTable(scoreTable(demoRows(1)));
    expect(write).toHaveBeenCalledOnce();
    expect(write.mock.calls[0]?.[0]).toContain('full fine-tuning');
    write.mockRestore();
  });

  it('knows that this is no notebook', async () => {
    expect(notebook()).toBeUndefined();
    await expect(show(parameterScore(demoRows(1)))).resolves.toBeUndefined();
  });
});

describe('liveCurve', () => {
  it('draws at most four times a second under one id, one still picture at the end', async () => {
    const { output, shown } = recorder();
    let now = 0;
    const live = liveCurve({ label: 'demo <run>', total: 100, output, clock: () => now });
    for (let step = 1; step <= 100; step++) {
      now += 0.05;
      live.step(step, 1 / step);
    }
    live.mark('validation loss', { step: 100, value: 0.3 });
    const figure = await live.finish('accuracy 0.8');
    live.step(100, 9);
    expect(shown.length).toBeGreaterThan(15);
    expect(shown.length).toBeLessThanOrEqual(22);
    expect(new Set(shown.map((item) => item.id)).size).toBe(1);
    expect(shown[10]?.bundle['text/html']).toMatch(
      /demo &lt;run&gt;.*<progress value="\d+" max="100".*loss 0\.\d+ · .*about .* left.*<polyline/s,
    );
    expect(Object.keys(shown.at(-1)?.bundle ?? {})).toEqual(['image/svg+xml', 'text/plain']);
    expect(figure.layout.title).toMatchObject({ subtitle: { text: '100 steps in 5.0 s, accuracy 0.8' } });
    const [raw, smooth, marked] = figure.data as { y: number[]; opacity?: number; line: { width: number } }[];
    expect(figure.data).toHaveLength(3);
    expect(raw).toMatchObject({ opacity: 0.25, line: { width: 1 } });
    expect(raw?.y[50]).toBe(1 / 51);
    expect(smooth?.y[50]).toBeCloseTo([48, 49, 50, 51, 52, 53, 54].reduce((sum, n) => sum + 1 / n, 0) / 7, 12);
    expect(marked?.y).toEqual([0.3]);
  });

  it('leaves no bar behind when it is stopped', () => {
    const { output, shown } = recorder();
    const live = liveCurve({ label: 'demo', total: 100, output, clock: () => 0 });
    live.step(3, 0.5);
    live.stop('stopped');
    live.step(4, 0.4);
    expect(shown).toHaveLength(2);
    expect(shown[1]).toEqual({
      id: shown[0]?.id,
      bundle: { 'text/html': '<b>demo</b>: stopped', 'text/plain': 'demo: stopped' },
    });
  });

  it('redraws one line in a terminal and writes only the last one to a file', async () => {
    const [lines, plain]: [string[], string[]] = [[], []];
    let now = 0;
    for (const [sink, columns] of [
      [lines, 60],
      [plain, 0],
    ] as const) {
      const bar = progressBar({
        label: 'demo',
        total: 4,
        output: undefined,
        clock: () => now,
        terminal: {
          write: (text) => {
            sink.push(text);
          },
          columns,
        },
      });
      for (let step = 1; step <= 4; step++) {
        now += 1;
        bar.step(step);
      }
      await bar.finish();
    }
    expect(lines).toHaveLength(5);
    expect(lines[1]).toBe('\rdemo  ━━━━━━────── 2/4  2.0 s, about 2.0 s left\u001b[K');
    expect(plain).toEqual(['demo: 4 steps in 4.0 s\n']);
  });
});
