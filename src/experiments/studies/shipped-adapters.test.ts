import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { voices } from './voices';
import { projectRoot } from '../../project';
import { recordsOfRuns } from '../store/rows';
import { readDeltaRecord } from '../../petl/bank/store';
import { readNote } from '../../training/kept';
import { Voices } from '../../training/voices';

const folder = join(projectRoot(), 'data', 'voices');
const tasks = voices.map(({ block }) => block.task);

describe('the adapters of the five voices', () => {
  it('are those of the first seed, one for each task', () => {
    for (const { block, study } of voices) {
      const [method, training] = [
        readDeltaRecord(join(folder, block.task)).written,
        readNote(join(folder, block.task)).training,
      ];
      const runs = study('full').variants.flatMap((variant) => variant.runs);
      const run = runs.find((spec) => spec.method === method && spec.seed === 1);
      expect(run?.training, block.task).toEqual(training);
      expect(recordsOfRuns(run === undefined ? [] : [run])).toHaveLength(1);
    }
  });

  it('write in one batch on the frozen model that they were trained on', async () => {
    const bank = new Voices(folder);
    expect([...bank.names].sort()).toEqual([...tasks].sort());
    const asked = bank.names.map((task) => ({ task, text: 'What is new?' }));
    const texts = await bank.write(asked);
    for (const [i, text] of texts.entries()) expect(text, asked[i]?.task).not.toBe('');
    expect(new Set(texts).size).toBe(asked.length); // each in a voice of its own
    bank.dispose();
  });
});
