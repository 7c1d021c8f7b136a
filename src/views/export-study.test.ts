import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { demoRows } from '../plots/demo';
import { fullFineTuning, type RunRow } from '../rows';
import { exportRows, studyFormats, type NamedRows, type StudyExport } from './export-study';
import { parameterScore } from './study-figures';

const folder = mkdtempSync(join(tmpdir(), 'petl-export-'));
afterAll(() => rmSync(folder, { recursive: true }));

const rows = demoRows(2, 'reviews@0123456789ab').map((row) =>
  row.label === 'MAM' ? { ...row, label: '=MAM & $x$_1' } : row,
);
const study: NamedRows = { name: 'mine', title: 'A <b> & $y$', tier: 'full', rows, places: rows };

describe('exportRows', () => {
  it('writes a study in every format, at the width of a column', async () => {
    const paths = await exportRows(study, folder, { width: '84mm', x: 'stored' });
    expect(paths.map((path) => basename(path))).toEqual([
      ...['svg', 'pdf', 'png', 'html', 'csv'].map((format) => `mine.${format}`),
      ...['html', 'csv', 'tex', 'md'].map((format) => `mine-table.${format}`),
    ]);
    const text = (name: string): string => readFileSync(join(folder, name), 'latin1');
    // Both cuts of the font are in the page, which is 84 mm wide: 238 points.
    expect(text('mine.pdf').match(/\/FontFile2/g)).toHaveLength(2);
    expect(text('mine.pdf')).toMatch(/\/MediaBox \[0 0 237\.75 /);
    expect(text('mine.svg')).toContain('stored parameters, % of the backbone (log)');
    expect(text('mine.svg')).toContain('>A &lt;b&gt; &amp; $y$<');
    expect(text('mine.html')).not.toMatch(/(src|href)="http/);
    expect(text('mine-table.tex')).toContain('\\begin{tabular}{lrrrrr}\n\\toprule\nmethod & trained & \\% of backbone');
    expect(text('mine-table.tex')).toContain('=MAM \\& \\$x\\$\\_1 & ');
    expect(text('mine-table.tex')).toMatch(/full fine-tuning & .*\\textbf\{83\.9 \$\\pm\$ /);
    expect(text('mine-table.csv')).toContain("\n'=MAM & $x$_1,");
    expect(text('mine-table.md')).toMatch(/\| \*\*83\.9 /);
    expect(text('mine-table.html')).toMatch(/<b>83\.9 /);
  });

  it('says what it does not know before it writes', async () => {
    const place = join(folder, 'none');
    const refused = (options: object): Promise<unknown> => exportRows(study, place, options as StudyExport);
    await expect(refused({ formats: ['svg', 'doc'] })).rejects.toThrow(
      `unknown format "doc": choose from ${studyFormats.join(', ')}`,
    );
    await expect(refused({ width: '84 miles' })).rejects.toThrow('width "84 miles"');
    await expect(refused({ width: '2mm' })).rejects.toThrow('between 64mm and 635mm');
    await expect(refused({ x: 'size' })).rejects.toThrow('unknown x "size": choose from trained, stored, paper');
    await expect(exportRows({ ...study, rows: [] }, place, {})).rejects.toThrow('no finished runs');
    writeFileSync(place, '');
    await expect(refused({ formats: ['md'] })).rejects.toThrow(/a part of the path is a file/);
  });
});

describe('parameterScore of a study or rows', () => {
  const grid = ['examples=500', 'examples=2000'].flatMap((words) =>
    ['head', 'lora:r=2,s=4', 'lora:r=8,s=4'].map((method) => `${method}, ${words}`),
  );
  const one = rows.find(({ label }) => label === 'LoRA r=8') as RunRow;
  const varied = grid.map((label): RunRow => ({ ...one, label, method: label.replace(/, .*/, '') }));
  const linesIn = (labels: readonly string[], x: string): readonly unknown[] =>
    parameterScore(
      varied.filter(({ label }) => labels.includes(label)),
      { x },
    ).data.map((trace) => [trace.name, (trace as { x?: unknown }).x]);

  it('places methods by anything that varies: one line for each of what else does', () => {
    expect(linesIn(grid, 'examples')).toEqual(
      ['head', 'lora:r=2,s=4', 'lora:r=8,s=4'].map((line) => [line, [500, 2000]]),
    );
    expect(linesIn(grid.slice(1, 3), 'r')).toEqual([['lora:s=4, examples=500', [2, 8]]]);
    expect(linesIn(grid.slice(0, 2), 'r').at(-1)).toEqual(['lora:s=4, examples=500', [2]]);
    const named = parameterScore(
      [
        { ...one, label: 'head, best=null' },
        { ...one, label: 'head, best=loss' },
      ],
      { x: 'best' },
    );
    expect(named.layout.xaxis).toMatchObject({ title: { text: 'best' }, ticktext: ['null', 'loss'] });
    expect(() => parameterScore(varied, { x: 'l' })).toThrow(
      'unknown x "l": choose from trained, stored, paper, examples, s, r',
    );
  });

  it('joins the points of full fine-tuning where it varies, too', () => {
    const full = rows.find(({ form }) => form === fullFineTuning) as RunRow;
    const rates = ['1e-5', '1e-4'].flatMap((rate): RunRow[] => [
      { ...full, label: `full fine-tuning, rate=${rate}` },
      { ...one, label: `lora:r=8, rate=${rate}` },
    ]);
    const { data, numbers } = parameterScore([...rates, { ...full, label: 'untuned' }], { x: 'rate' });
    const [across, ...lines] = data.filter((trace) => (trace as { mode?: string }).mode !== 'none');
    expect(across?.name).toBe('untuned');
    expect(lines.map((trace) => [trace.name, (trace as { x?: unknown }).x])).toEqual(
      ['full fine-tuning', 'lora:r=8'].map((line) => [line, [1e-5, 1e-4]]),
    );
    expect(numbers.map(({ line, budget }) => [line, budget])).toEqual([
      ...['full fine-tuning', 'lora:r=8'].flatMap((line) => [
        [line, 1e-5],
        [line, 1e-4],
      ]),
      ['untuned', ''],
    ]);
  });

  it('calls a task of own data by its name, and asks which of several', () => {
    expect(parameterScore(rows).title).toBe('Trained parameters and accuracy on reviews');
    const two = [...rows, ...demoRows(1, 'other')];
    expect(() => parameterScore(two)).toThrow("say which by { task: '...' }, of reviews, other");
    expect(() => parameterScore(two, { task: 'third' })).toThrow('choose from reviews, other');
    expect(parameterScore(two, { task: 'other' }).title).toContain('other');
  });
});
