import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { spanFigure } from '../views/span-figure';
import { joinedSpans, readSpans, scoreWithout, spansPath, writeSpans, type SpanRecord } from './span-record';

const folder = mkdtempSync(join(tmpdir(), 'petl-span-record-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const record = (seed: number, right: string): SpanRecord => ({
  task: 'toy',
  model: 'minilm-l6',
  method: 'houlsby:m=32',
  layers: 1,
  examples: { count: 4, hash: 'aa' },
  seeds: [
    {
      seed,
      seconds: 1,
      spans: [
        { span: null, right: '1111' },
        { span: [0, 0], right },
      ],
    },
  ],
});

describe('records of spans', () => {
  const both = joinedSpans(record(2, '1000'), record(1, '1101'));

  it('are joined by seed, and scored over all of them', () => {
    expect(both.seeds.map(({ seed }) => seed)).toEqual([1, 2]);
    expect(scoreWithout(both, null)).toBe(1);
    expect(scoreWithout(both, [0, 0])).toBe(0.5);
    expect(joinedSpans(both, record(2, '1111')).seeds).toHaveLength(2);
    expect(() => joinedSpans(both, { ...record(3, '1111'), method: 'houlsby:m=4' })).toThrow(
      /spans.toy\.json is of method houlsby:m=32, not houlsby:m=4: ask for what it is of, or move the file away/,
    );
  });

  it('are kept and read back; what is damaged is named', () => {
    writeSpans(both, folder);
    expect(readSpans('toy', folder)).toEqual(both);
    expect(readSpans('none', folder)).toBeUndefined();
    writeFileSync(spansPath('toy', folder), '{"task":"toy"}');
    expect(() => readSpans('toy', folder)).toThrow(/petl spans/);
  });

  it('are drawn with layers on both axes', () => {
    const { layout } = spanFigure(both);
    expect(JSON.stringify(layout)).toContain('from 1');
    expect(JSON.stringify(layout)).toContain('to 1');
    expect(JSON.stringify(layout)).toContain('-50.0');
    expect([layout.yaxis?.title?.text, layout.xaxis?.title?.text]).toEqual([
      'first layer left out',
      'last layer left out',
    ]);
  });
});
