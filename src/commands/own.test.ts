import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { projectRoot } from '../project';
import { methodsIn } from './ablate';
import { predictCommand } from './predict';

describe('methods in one word', () => {
  it.each([
    ['head,full', ['head', 'full']],
    ['lora:r=3,s=4,prefix:l=8+lora:r=4', ['lora:r=3,s=4', 'prefix:l=8+lora:r=4']],
    ['lora:r={2,4,8},s=4, head', ['lora:r={2,4,8},s=4', 'head']],
    ['mam:l={1,2},r={3,4}', ['mam:l={1,2},r={3,4}']],
  ])('%s', (text, methods) => {
    expect(methodsIn(text)).toEqual(methods);
  });

  it('are at least one', () => {
    expect(() => methodsIn(' , ')).toThrow('--methods names none');
  });
});

describe('petl predict', () => {
  it.each([
    ['--column', { text: 'a', column: 'review' }, '--column has no effect with petl predict --text'],
    ['--column', { file: 'a.txt', column: 'review' }, '--column has no effect with petl predict on a file with a text'],
    [
      '--pair',
      { file: 'a.txt', pair: 'review' },
      '--pair has no effect with petl predict on a file with a text a line',
    ],
  ])('refuses %s in %j, where it has no effect', async (_, values, message) => {
    await expect(predictCommand({ positionals: [], values })).rejects.toThrow(message);
  });
});

describe('petl ablate and petl predict', { timeout: 120_000 }, () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'petl-ablate-'));
    const rows = Array.from({ length: 40 }, (_, i) => `film ${i},${i % 2 === 0 ? 'up' : 'down'}`);
    writeFileSync(join(folder, 'films.csv'), ['review,stars', ...rows].join('\n'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const petl = (...args: readonly string[]) => {
    const { VITEST: _, ...given } = process.env;
    const env = { ...given, PETL_RESULTS: join(folder, 'results') };
    return spawnSync(process.execPath, [join(projectRoot(), 'bin', 'petl.cjs'), ...args], { encoding: 'utf8', env });
  };
  const ablate = (...args: readonly string[]) =>
    petl('ablate', '--data', join(folder, 'films.csv'), '--text', 'review', '--label', 'stars', ...args);
  const out = (): readonly string[] => ['--out', join(folder, 'figures')];

  it.each([
    [
      'an unknown column',
      () => ablate('--label', 'star', '--methods', 'head', ...out()),
      'no column "star" for the label: choose from review, stars; did you mean "stars"?',
    ],
    ['an unknown method', () => ablate('--methods', 'lorra:r=2', ...out()), 'lorra'],
    ['no methods', () => ablate(...out()), '--methods is missing'],
    [
      'a rate that is none',
      () => ablate('--methods', 'head', '--rate', 'fast', ...out()),
      '--rate must be tune, tuned or a learning rate',
    ],
    [
      'seeds that are none',
      () => ablate('--methods', 'head', '--seeds', '1;2', ...out()),
      '--seeds must be whole numbers',
    ],
    ['nothing to predict', () => petl('predict', '--adapter', folder), 'as --text TEXT or --file FILE'],
    ['a folder without adapter', () => petl('predict', '--adapter', folder, '--text', 'x'), 'holds no petl.json'],
    [
      'a file that is not there',
      () => petl('predict', '--adapter', folder, '--file', join(folder, 'no.txt')),
      'there is no file',
    ],
  ])('refuse %s in one line, and leave nothing behind', (_, run, message) => {
    const { status, stderr, stdout } = run();
    expect(stderr).toContain(message);
    expect([status, stdout, stderr.trim().split('\n')]).toEqual([2, '', [expect.anything()]]);
    expect(readdirSync(folder)).toEqual(['films.csv']);
  });
});
