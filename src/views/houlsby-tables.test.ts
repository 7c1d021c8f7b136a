import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { studyNamed } from '../experiments/studies/index';
import { projectRoot } from '../project';
import { furtherTasks, sizeForEach } from './houlsby-tables';

interface Line {
  readonly kind: string;
  readonly score: number;
}

/** Test and last validation scores of a method's runs as the files have them, read without the project's code. */
function scoresOn(task: string, file: string): { readonly test: number; readonly validation: number } {
  const place = join(projectRoot(), 'results', `many-${task}`);
  const runs = readdirSync(place)
    .filter((name) => new RegExp(`^${file}-${task}-s\\d+-\\w+\\.jsonl$`).test(name))
    .map((name) => {
      const lines = readFileSync(join(place, name), 'utf8').trim().split('\n');
      return lines.map((line) => JSON.parse(line) as Line);
    })
    .filter((lines) => lines.some(({ kind }) => kind === 'final'));
  const last = (kind: string): number => {
    const found = runs.map((lines) => lines.filter((line) => line.kind === kind).at(-1)?.score ?? NaN);
    return found.reduce((sum, score) => sum + score, 0) / found.length;
  };
  return { test: last('final'), validation: last('eval') };
}

const percent = (value: number): string => (100 * value).toFixed(1);
const meanOf = (cell: string | undefined): string | undefined => cell?.split(' ± ')[0];
const columnMean = (rows: readonly (readonly string[])[], c: number): number =>
  rows.reduce((sum, row) => sum + Number(meanOf(row[c])), 0) / rows.length;

describe('the tables of Houlsby et al. 2019 on the tasks here', () => {
  it('Table 2: words, variable and full fine-tuning and adapters on each task, and their means', () => {
    const { columns, rows } = furtherTasks(studyNamed('extra-tasks', 'full'));
    const titles = ['task', 'score', 'words', 'variable fine-tuning', 'full', 'adapters'];
    expect(columns.map(({ title }) => title)).toEqual(titles);
    expect(rows).toHaveLength(14);
    const [sentiment] = rows.filter(([task]) => task === 'sentiment');
    const path = join(projectRoot(), 'results', 'baselines', 'sentiment.json');
    const words = JSON.parse(readFileSync(path, 'utf8')) as { rows: { name: string; score: number }[] };
    const wanted = ['top-k3', 'full', 'houlsby-m32'].map((file) => percent(scoresOn('sentiment', file).test));
    const baseline = percent(words.rows.find(({ name }) => name === 'words')?.score ?? NaN);
    expect(sentiment?.slice(2).map(meanOf)).toEqual([baseline, ...wanted]);
    const tasks = rows.slice(0, -1);
    expect(tasks.flat()).not.toContain('not run yet');
    expect(rows[13]?.slice(0, 2)).toEqual(['mean of 13 tasks', '']);
    for (const c of [2, 3, 4, 5]) expect(Math.abs(columnMean(tasks, c) - Number(rows[13]?.[c]))).toBeLessThan(0.11);
  });

  it('Table 1: the size that validates best on each task that has all of them, beside one size for all', () => {
    const { rows } = sizeForEach(studyNamed('trade-off', 'full'));
    const tasks = rows.slice(0, -1);
    expect(tasks.map(([task]) => task)).toEqual([
      ...['bible-version', 'sentiment', 'lexical-field', 'dialogue-act', 'tweet-polarity'],
    ]);
    // two folders have runs of other settings beside them, with the same names
    const plain = tasks.filter(([task]) => task !== 'bible-version' && task !== 'lexical-field');
    expect(plain).toHaveLength(3);
    for (const [task = '', , m, full, best, fixed] of plain) {
      const sizes = [1, 4, 32, 128].map((size) => ({ size, ...scoresOn(task, `houlsby-m${size}`) }));
      const top = Math.max(...sizes.map(({ validation }) => validation));
      const chosen = sizes.find(({ size }) => String(size) === m);
      expect(chosen?.validation, task).toBeCloseTo(top, 9);
      expect([full, best, fixed].map(meanOf), task).toEqual(
        [scoresOn(task, 'full').test, chosen?.test ?? NaN, sizes[2]?.test ?? NaN].map(percent),
      );
    }
    expect(rows[5]?.[0]).toBe('mean of 5 tasks');
    for (const c of [3, 4, 5]) expect(Math.abs(columnMean(tasks, c) - Number(rows[5]?.[c]))).toBeLessThan(0.11);
  });

  it('say what is not run, and take no mean over it', () => {
    const empty = mkdtempSync(join(tmpdir(), 'petl-tables-'));
    onTestFinished(() => {
      rmSync(empty, { recursive: true });
    });
    const none = 'not run yet';
    const [row, ...others] = furtherTasks(studyNamed('extra-tasks', 'full'), empty).rows;
    expect(row).toEqual(['bible-version', 'matthews', none, none, none, none]);
    expect(others.at(-1)).toEqual(['mean of 0 tasks', '', '', '', '', '']);
    expect(sizeForEach(studyNamed('trade-off', 'full'), empty).rows[0]?.slice(2)).toEqual(['', none, none, none]);
  });
});
