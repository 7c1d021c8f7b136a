import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { cacheFolder } from '../../packages/manifest';
import { classificationTask, labelledTask } from '../classification';
import { spanTask } from '../answer-spans';
import { generationTask, writtenTask } from '../generation';
import { multiLabelTask } from '../multi-label';
import { regressionTask } from '../regression';
import { taskNamed } from '../registry';
import { sentiment } from '../shipped/sentiment';
import { ownTaskNamed, shownTask, specNameOf } from './stored';

const rows = Array.from({ length: 60 }, (_, i) => ({
  review: `text ${i}`,
  stars: i % 3,
  from: `a ${i}`,
  to: `b ${i}`,
}));
const labelled = classificationTask({ name: 'stored-test', rows, text: 'review', label: 'stars', metric: 'macro-f1' });
const pairs = generationTask({ name: 'stored-pairs', rows, source: 'from', target: 'to', targetTokens: 12 });
const made = [labelled, pairs].map(specNameOf);
const pathOf = (name: string): string => join(cacheFolder(), 'own', `${name}.json`);
afterAll(() => made.forEach((name) => rmSync(pathOf(name), { force: true })));

describe('tasks of own data', () => {
  it('come back by the name in a spec, examples, labels, metric and all', async () => {
    expect(made[0]).toMatch(/^stored-test@[0-9a-f]{12}$/);
    const task = labelledTask(taskNamed(made[0]!));
    expect(task).toMatchObject({ name: 'stored-test', metric: 'macro-f1', labels: ['0', '1', '2'], outputs: 3 });
    expect(await task.load()).toEqual(await labelled.load());
    const written = writtenTask(taskNamed(made[1]!));
    expect(written.writes?.tokens).toBe(12);
    expect(await written.load()).toEqual(await pairs.load());
    expect(specNameOf(task)).toBe(made[0]);
    expect(shownTask(made[0]!)).toBe('stored-test');
    expect(specNameOf(sentiment)).toBe('sentiment');
  });

  it('of every kind come back whole', async () => {
    const kinds = [
      regressionTask({ name: 'stored-numbers', rows, text: 'review', value: 'stars', metric: 'pearson' }),
      multiLabelTask({ name: 'stored-many', rows, text: 'review', labels: 'stars', metric: 'exact-match' }),
      spanTask({ name: 'stored-spans', rows, question: 'to', context: 'from', answer: 'from', metric: 'exact-match' }),
    ];
    for (const task of kinds) {
      const name = specNameOf(task);
      made.push(name);
      const { own, load, about, ...rest } = ownTaskNamed(name);
      expect(rest).toEqual(JSON.parse(JSON.stringify({ ...task, own: undefined, about: undefined })));
      expect(await load()).toEqual(await task.load());
      expect([own?.leaked, about]).toEqual([0, `${task.name}, from your own data`]);
    }
  });

  it('have another name when an example, a label or the metric is another', () => {
    const name = (change: object) => {
      const made = specNameOf(
        classificationTask({ name: 'stored-test', rows, text: 'review', label: 'stars', ...change }),
      );
      rmSync(pathOf(made), { force: true });
      return made;
    };
    const names = [
      {},
      { metric: 'accuracy' },
      { rows: [...rows, { review: 'one more', stars: 1 }] },
      { text: 'from' },
    ].map(name);
    expect(new Set([...names.slice(1), made[0]]).size).toBe(4);
  });

  it('are refused where their examples are gone or changed', () => {
    const other = specNameOf(classificationTask({ name: 'gone', rows, text: 'review', label: 'stars' }));
    const content = readFileSync(pathOf(other), 'utf8');
    writeFileSync(pathOf(other), content.replace('text 7', 'text 8'));
    expect(() => ownTaskNamed(other)).toThrow('is not what it was: define task "gone" again from its file');
    writeFileSync(pathOf(other), content.slice(0, -20));
    expect(() => ownTaskNamed(other)).toThrow(`${pathOf(other)}: is not JSON`);
    rmSync(pathOf(other));
    expect(() => taskNamed(other)).toThrow('the examples of task "gone" are not here');
  });
});
