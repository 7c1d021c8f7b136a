import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scoredOutcome, toyOutcome, toyTools } from '../fixtures/tools';
import { executeRun } from '../runner/execute';
import { runsOf, type Configuration } from '../studies/block';
import { answers, feelings } from '../studies/many-tasks';
import type { encoderSettings } from '../studies/settings';
import { judgeGate } from './gate-record';
import { baseGate } from '../studies/base-gate';
import { labelGateLines } from './label-gate';
import { writeLabelBaselines, type LabelBaselines } from './label-baselines';

const results = mkdtempSync(join(tmpdir(), 'petl-label-gate-'));
afterAll(() => rmSync(results, { recursive: true, force: true }));

/** Of 200 examples the first so many are right; a seed misses one more. */
const right = (share: number, seed = 0): readonly number[] =>
  Array.from({ length: 200 }, (_, i) => Number(i < 200 * share && i !== seed));

async function finish(setting: (typeof encoderSettings)[number], config: Configuration, share: number): Promise<void> {
  const metric = setting.block.task === 'squad-shifts' ? 'span-f1' : 'accuracy';
  for (const spec of runsOf(setting.block, config, 'full')) {
    const outcome = { ...scoredOutcome(toyOutcome(1), right(share, spec.seed)), metric };
    const tools = { ...toyTools, train: () => Promise.resolve(outcome) };
    await executeRun({ spec, label: config.label }, tools, { engine: 'compiled', results, report: () => undefined });
  }
}

/** @param hash of the examples that were answered: that of the runs' test data is c */
function answer(
  task: string,
  names: readonly LabelBaselines['rows'][number]['name'][],
  share: number,
  hash = 'c',
): void {
  const examples = { count: 200, hash };
  const rows = names.map((name) => ({ name, about: '', score: share, right: right(share) }));
  writeLabelBaselines({ task, train: examples, examples, rows }, results);
}

describe('the gate of tasks with labels and of answers in a text', () => {
  const one = feelings as unknown as (typeof encoderSettings)[number];
  const two = answers as unknown as (typeof encoderSettings)[number];
  beforeAll(async () => {
    for (const setting of [one, two]) {
      const all = setting.configurations() as unknown as Readonly<Record<'full' | 'head', Configuration>>;
      await finish(setting, all.full, 0.9);
      await finish(setting, all.head, 0.5);
    }
  });

  const told = (task: string) =>
    labelGateLines(results)
      .filter((line) => line.task === task)
      .map(({ against, passed, seeds, statistic }) => [against, passed, seeds, statistic]);

  it('holds full fine-tuning against what was answered to the same examples', async () => {
    answer('sentiment', ['majority', 'words'], 0.6);
    expect(told('sentiment')).toEqual([
      ['majority', true, 5, 'right answers'],
      ['words', true, 5, 'right answers'],
      ['frozen features', true, 5, 'right answers'],
    ]);
    answer('squad-shifts', ['words'], 0.95);
    expect(told('squad-shifts')).toEqual([
      ['words', false, 5, 'F1 of answers'],
      ['frozen features', true, 5, 'F1 of answers'],
    ]);
    const outcomes = (await judgeGate(baseGate('full'), results)).settings.map(({ task, outcome }) => [task, outcome]);
    expect(outcomes).toEqual([
      ['sentiment', 'passed'],
      ['squad-shifts', 'floor'],
    ]);
  });

  it('and not against answers to others', () => {
    answer('sentiment', ['majority', 'words'], 0.6, 'd');
    expect(told('sentiment')).toEqual([['frozen features', true, 5, 'right answers']]);
  });
});
