import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  demandInTurnOf,
  inTurnPath,
  readInTurn,
  turnsOf,
  writeInTurn,
  type InTurnRecord,
} from '../experiments/in-turn-record';
import { demandSpansOf, readSpans, spansPath, writeSpans, type SpanRecord } from '../experiments/span-record';
import { seedlessHash } from '../experiments/store/spec';
import { studyNamed } from '../experiments/studies';
import { variantOfMethod } from '../experiments/studies/study';
import { projectRoot } from '../project';
import { inTurnCommand } from './in-turn';
import { spansCommand } from './spans';

// Every record here has all seeds of its study: what is not refused trains nothing.
const committed = join(projectRoot(), 'results');
let results: string;
const said = vi.spyOn(process.stdout, 'write');
afterAll(() => {
  said.mockRestore();
});
beforeEach(() => {
  results = mkdtempSync(join(tmpdir(), 'petl-spans-command-'));
  vi.stubEnv('PETL_RESULTS', results);
  said.mockReset().mockReturnValue(true);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(results, { recursive: true });
});

const full = { tier: 'full' } as const;
const runOf = (study: string, method: string) => variantOfMethod(studyNamed(study, 'full'), method).runs[0]!;

describe('petl spans', () => {
  const stored = readSpans('bible-version', committed)!;
  const call = (study: string, values: Readonly<Record<string, string>> = {}): Promise<number> =>
    spansCommand({ positionals: [study], values: { ...full, ...values } });
  const spec = seedlessHash(runOf('many-bible-version', 'houlsby:m=32'));

  it('answers from a record of the method, with the hash of its spec or from before it', async () => {
    for (const record of [stored, { ...stored, spec }]) {
      writeSpans(record);
      expect(await call('many-bible-version')).toBe(0);
      expect(readSpans('bible-version')).toEqual(record);
    }
    expect(said.mock.calls.join('')).toContain('all adapters');
  });

  it.each<readonly [string, Partial<SpanRecord>, string]>([
    ['lora:r=4', {}, 'is of method houlsby:m=32, not lora:r=4'],
    ['houlsby:m=32', { model: 'other' }, 'is of model other, not minilm-l6'],
    ['houlsby:m=32', { examples: { count: 2, hash: 'aa' } }, 'is of test examples aa, not dd9e3041deddb694'],
    ['houlsby:m=32', { spec: '0badc0de' }, `is of runs with the settings 0badc0de, not ${spec}`],
  ])('refuses for %s a record that has %j', async (method, change, reason) => {
    const path = writeSpans({ ...stored, ...change });
    const before = readFileSync(path, 'utf8');
    await expect(call('many-bible-version', { method })).rejects.toThrow(
      `${spansPath('bible-version')} ${reason}: ask for what it is of, or move the file away to make another`,
    );
    expect([said.mock.calls, readFileSync(path, 'utf8')]).toEqual([[], before]);
  });

  it('tells by what the runs on disk answered whose a record from before the hash is', async () => {
    const run = runOf('many-bible-version', 'houlsby:m=32');
    const other = { ...run, training: { ...run.training, learningRate: 3e-5 } };
    await demandSpansOf(stored, [run], committed);
    await expect(demandSpansOf(stored, [other], committed)).rejects.toThrow(
      /bible-version\.json is not of run houlsby-m32-bible-version-s1-[0-9a-f]{8}, which answered otherwise: ask for/,
    );
  });

  it('refuses a task without labels before it trains', async () => {
    await expect(call('many-squad-shifts', { tier: 'quick' })).rejects.toThrow('task "squad-shifts" has no labels');
  });
});

describe('petl in-turn', () => {
  const stored = readInTurn('sentiment', committed)!;
  const call = (study: string, then?: string): Promise<number> =>
    inTurnCommand({ positionals: [study], values: { ...full, ...(then === undefined ? {} : { then }) } });
  const turns = turnsOf(
    (['full', 'adapters'] as const).map((name) => ({
      name,
      first: runOf('many-sentiment', name === 'full' ? 'full' : 'houlsby:m=32'),
      then: runOf('many-bible-version', name === 'full' ? 'full' : 'houlsby:m=32'),
    })),
  );

  it('answers from a record of the two tasks, with the hashes of its runs or from before them', async () => {
    for (const record of [stored, { ...stored, turns }]) {
      writeInTurn(record);
      expect(await call('many-sentiment')).toBe(0);
      expect(readInTurn('sentiment')).toEqual(record);
    }
    expect(said.mock.calls.join('')).toContain('adapters after');
  });

  const lora = { ...turns['adapters']!, method: 'lora:r=4' };
  const quick = { ...turns['full']!, then: '0badc0de' };
  it.each<readonly [string, Partial<InTurnRecord>, string]>([
    ['many-lexical-field', {}, 'is of second task bible-version, not lexical-field'],
    ['many-bible-version', { model: 'other' }, 'is of model other, not minilm-l6'],
    ['many-bible-version', { examples: { count: 2, hash: 'aa' } }, 'is of test examples aa, not e51d493c2ae77519'],
    ['many-bible-version', { turns: { ...turns, adapters: lora } }, 'is of adapters by method lora:r=4, not houlsby'],
    [
      'many-bible-version',
      { turns: { ...turns, full: quick } },
      "is of full with the second task's settings 0badc0de, not",
    ],
  ])('refuses then %s a record that has %j', async (then, change, reason) => {
    writeInTurn({ ...stored, ...change });
    await expect(call('many-sentiment', then)).rejects.toThrow(`${inTurnPath('sentiment')} ${reason}`);
    expect(said.mock.calls).toEqual([]);
  });

  it('tells by what the runs on disk answered whose a record from before the hashes is', async () => {
    const name = 'adapters';
    const first = runOf('many-sentiment', 'houlsby:m=32');
    const then = runOf('many-bible-version', 'houlsby:m=32');
    await demandInTurnOf(stored, [[{ name, first, then }]], committed);
    const flipped = stored.seeds.map((seed) => ({ ...seed, right: { ...seed.right, 'adapters before': '01' } }));
    await expect(demandInTurnOf({ ...stored, seeds: flipped }, [[{ name, first, then }]], committed)).rejects.toThrow(
      /sentiment\.json is not of run houlsby-m32-sentiment-s1-[0-9a-f]{8}, which answered otherwise/,
    );
  });

  it('refuses a task after itself before it trains', async () => {
    await expect(call('many-bible-version')).rejects.toThrow('many-bible-version is no second task after');
  });
});
