import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readVoicesBench } from '../experiments/bench-record';
import { publishedVoices as paper } from '../experiments/findings/exact';
import type { RunRecord } from '../experiments/store/record';
import { diskTable, servedTable, storagePoints, storageTable } from './voice-storage';
import { natsOfFirst, natsOfPart } from './voices-together';

const folder = mkdtempSync(join(tmpdir(), 'petl-voice-views-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('what five tasks take', () => {
  it("is the paper's 112% of gpt2 against 500%, task by task", () => {
    const points = storagePoints('gpt2', paper);
    expect(points).toHaveLength(10);
    const last = points.slice(-2).map(({ line, values }) => [line, values[0]?.toFixed(1)]);
    expect(last).toEqual([
      ['one frozen model, a delta for each task', '112.1'],
      ['a fine-tuned copy for each task', '500.0'],
    ]);
    expect(storageTable('gpt2', paper).rows.find(([, what]) => what === 'mean')?.[3]).toBe('2.43%');
  });

  it('is shown as it was measured, and nothing where it was not', () => {
    expect(readVoicesBench(folder)).toBeUndefined();
    const sides = (['bank', 'models', 'loads'] as const).map((side, i) => ({
      ...{ side, firstSeconds: 1 + i, againSeconds: 0.5, memoryMb: 100 * (i + 1) },
    }));
    const record = {
      ...{ machine: {}, tasks: 5, texts: 40, rounds: 3 },
      models: { tiny: { disk: { adaptersBytes: 12e6, wholeBytes: 100e6 }, equal: 40, sides } },
    };
    mkdirSync(join(folder, 'bench'));
    writeFileSync(join(folder, 'bench', 'voices.json'), JSON.stringify(record));
    const read = readVoicesBench(folder)!;
    expect(diskTable(read).rows.map((row) => row.slice(2))).toEqual([
      ['12.00', '12.0%'],
      ['112.00', '112.0%'],
      ['500.00', '500.0%'],
    ]);
    expect(servedTable(read).rows[2]).toEqual(['tiny', 'five loads, one after another', '3.00', '0.50', '300']);
    writeFileSync(join(folder, 'bench', 'voices.json'), '{"tasks":5}');
    expect(() => readVoicesBench(folder)).toThrow(/node bench\/voices\.mjs/);
  });
});

describe('nats per token of a task', () => {
  // examples of 1, 2 and 3 tokens with 2, 4 and 9 nats; the first two are of task a
  const final = (perExample: readonly number[], tokens: readonly number[]): RunRecord =>
    ({ final: { perExample, tokens } }) as unknown as RunRecord;

  it('are found in the score of a mixture, where each task counts as much', () => {
    const joint = final([1, 2, 4.5], [1, 2, 3]); // their mean, 2.5, is that of 6/3 and 9/3
    expect(natsOfPart(joint, ['a', 'a', 'b', 'b'], 'a')).toBeCloseTo(2, 12);
    expect(natsOfPart(joint, ['a', 'a', 'b', 'b'], 'b')).toBeCloseTo(3, 12);
  });

  it('are found in a run of the task alone, over its first examples', () => {
    const alone = final(
      [2, 4, 9].map((nats) => nats / 2),
      [1, 2, 3],
    ); // in mean numbers of tokens
    expect(natsOfFirst(alone, 2)).toBeCloseTo(2, 12);
    expect(natsOfFirst(alone, 3)).toBeCloseTo(15 / 6, 12);
  });
});
