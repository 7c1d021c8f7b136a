import { readFileSync } from 'node:fs';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JSDOM } from 'jsdom';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { toyTools } from '../../experiments/fixtures/tools';
import { executeRun } from '../../experiments/runner/execute';
import { existingMethods } from '../../experiments/studies/existing-methods';
import { plansOf } from '../../experiments/studies/study';
import { reportPage } from './page';

type Axe = typeof import('axe-core');

describe('the page of all results', () => {
  let results: string;
  let page: JSDOM;
  let html: string;
  beforeAll(async () => {
    results = mkdtempSync(join(tmpdir(), 'petl-report-'));
    vi.stubEnv('PETL_RESULTS', results);
    const plans = plansOf(existingMethods('full')).filter(({ spec }) => spec.seed === 1);
    for (const plan of plans)
      await executeRun(plan, toyTools, { engine: 'compiled', report: () => undefined, results });
    html = await reportPage();
    page = new JSDOM(html, { runScripts: 'dangerously' });
  });
  afterAll(() => {
    vi.unstubAllEnvs();
    rmSync(results, { recursive: true });
  });
  const rowsOf = (part: string): HTMLTableRowElement[] => [
    ...page.window.document.querySelectorAll<HTMLTableRowElement>(`${part} tbody tr`),
  ];

  it('has each study with a figure, its numbers and a table, and names those that have not run', () => {
    const study = page.window.document.querySelector('#existing-methods');
    expect(study?.querySelector('svg desc')?.textContent).toMatch(/\d+ rows, mean from [\d.]+ \(.*\) to [\d.]+ \(/);
    const numbers = study?.querySelector('figcaption a')?.getAttribute('href') ?? '';
    expect(decodeURIComponent(numbers)).toContain('LoRA r=16');
    expect(rowsOf('#existing-methods')).toHaveLength(9);
    expect(page.window.document.querySelector('main')?.lastElementChild?.textContent).toMatch(
      /^Not run yet: .*insertion/,
    );
  });

  it('loads nothing', () => {
    const { document } = page.window;
    expect(document.querySelectorAll('link, img, iframe, script[src]')).toHaveLength(0);
    expect(html).not.toMatch(/url\((?!#|'data:)/);
  });

  it('finds runs by words and sorts them by a column', () => {
    const { document, Event } = page.window;
    const input = document.querySelector('#runs input') as HTMLInputElement;
    input.value = 'LoRA sentiment';
    input.dispatchEvent(new Event('input'));
    expect(rowsOf('#runs').filter(({ hidden }) => !hidden)).toHaveLength(1);
    expect(document.querySelector('#runs output')?.textContent).toBe('1 of 9 rows');
    const [, , method] = document.querySelectorAll<HTMLButtonElement>('#runs th button');
    const methods = (): (string | null | undefined)[] => rowsOf('#runs').map(({ cells }) => cells[2]?.textContent);
    method?.click();
    expect(methods()).toEqual([...methods()].sort((a, b) => String(a).localeCompare(String(b))));
    const up = methods();
    method?.click();
    expect(methods()).toEqual([...up].reverse());
  });

  it('sorts names that begin as numbers do by letters, and numbers by size', () => {
    const { document } = page.window;
    const heads = [...document.querySelectorAll<HTMLButtonElement>('#runs th button')];
    const names = (): string[] => rowsOf('#runs').map(({ cells }) => cells[cells.length - 1]?.textContent ?? '');
    heads.at(-1)?.click();
    expect(names()).toEqual(names().sort((a, b) => a.localeCompare(b)));
    const column = heads.findIndex(({ textContent }) => textContent === 'rate');
    heads[column]?.click();
    const rates = rowsOf('#runs').map(({ cells }) => Number(cells[column]?.textContent));
    expect(rates).toEqual([...rates].sort((a, b) => a - b));
    expect(rates[0]).toBeLessThan(rates.at(-1) ?? 0);
  });

  it('knows everything of a run', () => {
    const { document } = page.window;
    const dialog = document.querySelector('#run') as HTMLDialogElement;
    dialog.showModal = () => undefined; // jsdom has none
    const told = (name: string): string | null | undefined =>
      [...dialog.querySelectorAll('dt')].find(({ textContent }) => textContent === name)?.nextElementSibling
        ?.textContent;
    for (const row of rowsOf('#runs')) {
      row.querySelector('button')?.click();
      expect(told('id')?.slice(-8)).toBe(row.cells[row.cells.length - 1]?.textContent);
      expect(told('method')).toBe(row.cells[2]?.textContent);
      expect([told('task'), told('seed')]).toEqual(['sentiment', '1']);
      expect(dialog.querySelector('code')?.textContent).toBe(`npx petl verify results/${told('path')}`);
    }
  });

  it('can be read with a keyboard and a screen reader, as far as a page without a layout can tell', async () => {
    page.window.eval(readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8'));
    const { axe, document } = page.window as unknown as { readonly axe: Axe; readonly document: Document };
    const { violations, passes } = await axe.run(document, { rules: { 'color-contrast': { enabled: false } } });
    expect(violations.map(({ id, nodes }) => [id, nodes[0]?.html])).toEqual([]);
    expect(passes.length).toBeGreaterThan(20);
  });
});
