import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { nineTasks, sharesOfVoices, voicesTogether } from './exact';

const results = mkdtempSync(join(tmpdir(), 'petl-exact-'));
afterAll(() => rmSync(results, { recursive: true, force: true }));
mkdirSync(join(results, 'bench'));
const record = (name: string, value: object): void => {
  writeFileSync(join(results, 'bench', `${name}.json`), JSON.stringify(value));
};

describe('what is exact', () => {
  it('is the share that a task of Lin et al. 2020 adds to gpt2', () => {
    const { holds, reason } = sharesOfVoices();
    expect(holds).toBe(true);
    expect(reason).toContain('2.43% of gpt2');
  });

  it('is nothing where it was not recorded', () => {
    expect(voicesTogether(join(results, 'none'))).toBeUndefined();
    expect(nineTasks(join(results, 'none'))).toBeUndefined();
  });

  it.each([
    [40, true],
    [39, false],
  ])('are five voices of one model, as they were recorded: %d of 40 texts alike', (equal, holds) => {
    const model = (alike: number): object => ({ disk: { adaptersBytes: 1, wholeBytes: 2 }, equal: alike, sides: [] });
    record('voices', { tasks: 5, texts: 40, models: { tiny: model(40), small: model(equal) } });
    const reason = `of 40 texts of 5 tasks, mixed, those of 5 models are 40 on tiny, ${equal} on small`;
    expect(voicesTogether(results)).toEqual({ holds, reason });
  });

  it.each([
    [150, true, '1.14'],
    [10, false, '1.01'],
    [300, false, '1.27'],
  ])('is what nine tasks take on disk, as counted and no less: 10 adapters of %d bytes', (tasks, holds, here) => {
    record('bank', { method: 'houlsby:m=32', tasks: 10, bytes: { model: 1000, tasks } });
    const found = nineTasks(results)!;
    expect(found.holds).toBe(holds);
    expect(found.reason).toContain(`nine houlsby:m=32 ${here} on disk, 1.12 by count`);
    expect(found.reason).toMatch(/^BERT-large with nine houlsby:m=64 is 1\.17 models by count, .* printed one 1\.3/);
  });
});
