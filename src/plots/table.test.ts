import { describe, expect, it } from 'vitest';
import { demoRows } from './demo';
import { frame, frameTable, summary, toCsv, toHtml } from './frame';
import { scoreTable } from './score-table';
import { csvText, tableHtml, tableMarkdown, tableText } from './table';

describe('scoreTable', () => {
  it('lists head only first, full fine-tuning last, by trained parameters between', () => {
    const { rows } = scoreTable(demoRows(3));
    expect(rows.map((row) => row[0])).toEqual([
      'head only',
      'prompt tuning l=16',
      'LayerNorm',
      'BitFit',
      'LoRA r=8',
      'prefix tuning l=16',
      'multi-head PA r=16',
      'Pfeiffer adapter r=48',
      'scaled PA (FFN) r=64',
      'MAM',
      'Houlsby adapter r=48',
      'LoRA (FFN) r=32',
      'full fine-tuning',
    ]);
    expect(rows[0]).toEqual(['head only', '0', '0', expect.stringMatching(/^7\d\.\d ± 0\.\d$/), '3', '21']);
  });

  it('gives each task a column', () => {
    const table = scoreTable([...demoRows(1), ...demoRows(1, 'demo-two').slice(0, 2)]);
    expect(table.columns.map((column) => column.title)).toContain('demo-two accuracy');
    expect(table.rows.find((row) => row[0] === 'MAM')?.slice(3, 5)).toEqual([expect.stringMatching(/^8\d\.\d$/), '']);
  });
});

describe('a table', () => {
  const table = {
    columns: [
      { title: 'name', align: 'left' },
      { title: 'n', align: 'right' },
    ],
    rows: [
      ['a|<b>', '1'],
      ['c', '200'],
    ],
  } as const;

  it('is written for terminals, Markdown, notebooks and files', () => {
    expect(tableText(table)).toBe('name     n\n-----  ---\na|<b>    1\nc      200');
    expect(tableMarkdown(table)).toBe('| name | n |\n|---|---:|\n| a\\|<b> | 1 |\n| c | 200 |');
    expect(tableHtml(table)).toContain(
      '<td style="text-align:left">a|&lt;b&gt;</td><td style="text-align:right">1</td>',
    );
    expect(
      csvText(
        ['a', 'b'],
        [
          ['x,"y"', 1.5],
          ['two\nlines', 2],
          ['=1+1', -2],
          ['@x', '-0.5'],
          ['-x', '+y'],
        ],
      ),
    ).toBe(`a,b\n"x,""y""",1.5\n"two\nlines",2\n'=1+1,-2\n'@x,-0.5\n'-x,'+y\n`);
  });
});

describe('frames', () => {
  it('hold one row per run and one per method and task', () => {
    const rows = demoRows(3);
    expect(frame(rows).shape).toEqual([39, 22]);
    const means = summary(rows);
    expect(means.shape).toEqual([13, 9]);
    const lora = rows.filter((row) => row.method === 'demo-lora').map((row) => row.score);
    const line = (means.values as (string | number)[][]).find((row) => row[0] === 'LoRA r=8');
    expect(line?.[3]).toBe(3);
    expect(line?.[4]).toBeCloseTo((lora[0]! + lora[1]! + lora[2]!) / 3, 12);
  });

  it('agree with the grouping of danfojs', () => {
    const byMethod = frame(demoRows(3)).groupby(['label']).col(['score']).mean();
    const theirs = new Map((byMethod.values as [string, number][]).map(([label, mean]) => [label, mean]));
    for (const [label, , , , mean] of summary(demoRows(3)).values as [string, string, string, number, number][]) {
      expect(theirs.get(label)).toBeCloseTo(mean, 12);
    }
  });

  it('become HTML and CSV', () => {
    const means = summary(demoRows(3));
    expect(toHtml(means)).toContain('<td style="text-align:right">0.027</td>');
    expect(frameTable(means).columns[0]).toEqual({ title: 'method', align: 'left' });
    const [header, first] = toCsv(means).split('\n');
    expect(header).toBe('method,task,metric,seeds,mean,sd,trained,share,seconds');
    expect(first).toMatch(/^full fine-tuning,demo-task,accuracy,3,0\.83\d{6,}/);
  });

  it('refuse to be empty', () => {
    expect(() => frame([])).toThrow(/train the study/);
    expect(() => summary([])).toThrow(/train the study/);
  });
});
