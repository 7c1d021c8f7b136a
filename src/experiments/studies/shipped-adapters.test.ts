import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readDeltaRecord } from '../../petl/bank/store';
import { projectRoot } from '../../project';
import { sentiment } from '../../tasks/shipped/sentiment';
import { adaptersIn } from '../../training/bank-folder';
import { readNote } from '../../training/kept';
import { TaskBank } from '../../training/task-bank';
import { Voices } from '../../training/voices';
import { recordsOfRuns } from '../store/rows';
import { manySettings } from './many-tasks';
import { voices } from './voices';

const folderOf = (name: string): string => join(projectRoot(), 'data', name);

describe('the adapters that come along', () => {
  it.each([
    ['voices', voices],
    ['bank', manySettings],
  ] as const)('data/%s are those of the first seed of a committed run, each of its task', (name, settings) => {
    const tasks = adaptersIn(folderOf(name));
    expect(tasks.length).toBeGreaterThan(4);
    for (const task of tasks) {
      const folder = join(folderOf(name), task);
      const [method, { training }] = [readDeltaRecord(folder).written, readNote(folder)];
      const study = settings.find(({ block }) => block.task === task)?.study('full');
      const runs = study?.variants.flatMap((variant) => variant.runs) ?? [];
      const run = runs.find((spec) => spec.method === method && spec.seed === 1);
      expect(run?.training, task).toEqual(training);
      expect(recordsOfRuns(run === undefined ? [] : [run])).toHaveLength(1);
    }
  });

  it('write in one batch on the frozen model that they were trained on, every voice', async () => {
    const bank = new Voices(folderOf('voices'));
    expect([...bank.names].sort()).toEqual(voices.map(({ block }) => block.task).sort());
    const asked = bank.names.map((task) => ({ task, text: 'What is new?' }));
    const texts = await bank.write(asked);
    for (const [i, text] of texts.entries()) expect(text, asked[i]?.task).not.toBe('');
    expect(new Set(texts).size).toBe(asked.length); // each in a voice of its own
    bank.dispose();
  });

  it('answer for every task of the bank, and say of test examples what their runs said', async () => {
    const bank = await TaskBank.load(folderOf('bank'));
    const answers = await bank.predictAll('The shares of the two banks fell sharply.');
    expect(answers.map(({ task }) => task).sort()).toEqual([...adaptersIn(folderOf('bank'))].sort());
    const { test } = await sentiment.load();
    const rows = test.slice(0, 40).map(({ text }) => ({ task: 'sentiment', text }));
    const found = await bank.predict(rows);
    const right = found.map((one, i) =>
      'label' in one && one.label === sentiment.labels[test[i]?.label ?? -1] ? 1 : 0,
    );
    const setting = manySettings.find(({ block }) => block.task === 'sentiment');
    const run = setting?.study('full').variants.find(({ name }) => name === 'houlsby:m=32')?.runs[0];
    expect(right).toEqual(recordsOfRuns(run === undefined ? [] : [run])[0]?.final.perExample.slice(0, 40));
    bank.dispose();
  });
});
