import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { projectRoot } from '../project';
import { demoRows } from './demo';
import { exportFigure } from './export';
import { figureHtml } from './html';
import { parameterScore } from './parameter-score';

const folder = mkdtempSync(join(tmpdir(), 'petl-figures-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('exportFigure', () => {
  const figure = parameterScore(demoRows(2), { name: 'demo-figure', title: 'Demo <figure> $& $1' });

  it('writes four files, and the same bytes again', async () => {
    const paths = await exportFigure(figure, folder);
    expect(paths.map((path) => path.slice(folder.length + 1))).toEqual([
      'demo-figure.svg',
      'demo-figure.png',
      'demo-figure.html',
      'demo-figure.csv',
    ]);
    const before = paths.map((path) => readFileSync(path));
    await exportFigure(figure, folder);
    paths.forEach((path, i) => expect(readFileSync(path).equals(before[i] as Buffer), path).toBe(true));
    expect(readdirSync(folder).sort()).toEqual([
      'Arimo_400Regular.ttf',
      'Arimo_600SemiBold.ttf',
      'demo-figure.csv',
      'demo-figure.html',
      'demo-figure.png',
      'demo-figure.svg',
      'plotly.min.js',
    ]);
    expect(before[3]?.toString().split('\n')).toHaveLength(13 + 2);
    expect(before[3]?.toString()).toMatch(/^label,form,site,trained,sharePercent,mean,sd,seeds,scores,source\n/);
  });

  it('makes a page that shows the picture without Plotly and draws the figure with it', async () => {
    const page = readFileSync(join(folder, 'demo-figure.html'), 'utf8');
    expect(page).toContain('<title>Demo &lt;figure&gt; $&amp; $1</title>');
    expect(page.match(/<title>[^<]*<\/title>/g)).toEqual(Array(2).fill('<title>Demo &lt;figure&gt; $&amp; $1</title>'));
    expect(page).toContain('class="main-svg"');
    const { JSDOM } = await import('jsdom');
    const { window } = new JSDOM('<body></body>', { runScripts: 'outside-only' });
    const script = /<script>([\s\S]*)<\/script>/.exec(page)?.[1] ?? '';
    const read = window.eval(`${script}; JSON.stringify(figure)`) as string;
    expect(JSON.parse(read)).toMatchObject({
      layout: { title: { text: 'Demo &lt;figure&gt; &#36;&amp; &#36;1' } },
      data: JSON.parse(JSON.stringify(figure.data)) as object,
    });
  });

  it('finds Plotly among the packages inside the project, or takes it in', () => {
    const inside = join(projectRoot(), 'results', 'figures');
    expect(figureHtml(figure, '<svg/>', { folder: inside, inline: false })).toContain(
      '["plotly.min.js","../../node_modules/plotly.js-dist-min/plotly.min.js"]',
    );
    expect(figureHtml(figure, '<svg/>', { folder: inside, inline: false })).toContain(
      "url('Arimo_400Regular.ttf'), url('../../node_modules/@expo-google-fonts/arimo/400Regular/Arimo_400Regular.ttf')",
    );
    const alone = figureHtml(figure, '<svg/>', { folder: inside, inline: true });
    expect(alone.length).toBeGreaterThan(4e6);
    expect(alone.match(/<script>/g)).toHaveLength(2);
  });

  it('refuses names that are no file names, and leaves nothing behind when it cannot write', async () => {
    await expect(exportFigure({ ...figure, name: '../x' }, folder)).rejects.toThrow(/figure name "\.\.\/x"/);
    const file = join(folder, 'a-file');
    writeFileSync(file, '');
    await expect(exportFigure(figure, file, { formats: ['csv'] })).rejects.toThrow(/a part of the path is a file/);
    expect(readdirSync(folder).filter((name) => name.startsWith('.tmp'))).toEqual([]);
  });
});
