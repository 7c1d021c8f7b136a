import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { UserError } from '../errors';
import { projectRoot } from '../project';
import { cacheFolder } from '../packages/manifest';
import { recordAt } from '../experiments/store/read';
import { defineStudy } from '../experiments/studies/define';
import { ablateCommand, methodsIn } from './ablate';
import { answerLine } from './answers';
import { generateCommand } from './generate';
import { predictCommand } from './predict';
import { runAndShow } from './study';

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

describe('petl ablate', () => {
  let folder: string;
  const cacheOf = (): readonly string[] => {
    const path = join(cacheFolder(), 'own');
    return existsSync(path) ? readdirSync(path) : [];
  };
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'petl-refused-'));
    const rows = Array.from({ length: 40 }, (_, i) => `film ${i},${i % 2 === 0 ? 'up' : 'down'},${i}`);
    writeFileSync(join(folder, 'refused-films.csv'), ['text,label,v', ...rows].join('\n'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const bare = join(projectRoot(), 'src', 'model', 'fixtures', 'tiny-bert'); // config.json and weights
  const values = { text: 'text', label: 'label', methods: 'head' };

  it.each([
    [
      { ...values, value: 'v' },
      '--label has no effect with petl ablate on --value, which takes --text, --pair, --value',
    ],
    [{ ...values, labels: 'label' }, '--label has no effect with petl ablate on --labels'],
    [{ ...values, start: 'v' }, '--start has no effect with petl ablate on --label'],
    [
      { ...values, question: 'text', context: 'text', answer: 'text' },
      'no effect with petl ablate on answers in texts',
    ],
    [{ ...values, source: 'text', target: 'text' }, '--text has no effect with petl ablate on pairs of texts'],
    [
      { source: 'text', target: 'label', methods: 'head' },
      'task "refused-films" needs a model that writes, and model "minilm-l6" is none: choose petl-mini-seq2seq',
    ],
    [{ ...values, 'target-length': '9' }, '--target-length has no effect'],
    [
      { ...values, examples: '100000' },
      /^examples=100000: task "refused-films" trains on (\d+) .*: give at most \1, or/,
    ],
    [{ ...values, name: '../../../t/esc/x' }, 'a study cannot be called "../../../t/esc/x"'],
    [{ ...values, name: 'q-tuning' }, 'a study cannot be called "q-tuning": the trials'],
    [{ ...values, methods: 'lorra:r=2' }, 'lorra'],
    [{ ...values, stop: '2', evaluations: '3' }, 'give at least 4 for stop 2'],
    [{ ...values, model: bare }, `model "${bare}" has no tokenizer.json: put the model's own beside its weights`],
    [{ ...values, rate: '0x1' }, '--rate must be tune, tuned or a learning rate'],
    [{ ...values, 'max-length': '3' }, '--max-length must be a whole number from 4'],
    [{ ...values, workers: '0' }, '--workers must be a whole number'],
  ])('refuses %j and keeps nothing', async (given, message) => {
    const before = cacheOf();
    const all = { data: join(folder, 'refused-films.csv'), out: join(folder, 'figures'), ...given };
    await expect(ablateCommand({ positionals: [], values: all })).rejects.toThrow(message);
    expect(cacheOf()).toEqual(before);
    expect(readdirSync(folder)).toEqual(['refused-films.csv']);
  });
});

describe('a study that is refused before its first run', () => {
  it('leaves no folder for figures behind', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'petl-unrun-'));
    vi.stubEnv('PETL_RESULTS', join(folder, 'results'));
    mkdirSync(join(folder, 'results', 'own'), { recursive: true });
    writeFileSync(join(folder, 'results', 'own', 'unrun'), 'a file where the runs should stand');
    const make = () => defineStudy({ name: 'unrun', task: 'sentiment', methods: ['head'], rate: 0.002 });
    const shown = runAndShow(make, { positionals: [], values: {} }, { folder: join(folder, 'figs') });
    await expect(shown).rejects.toThrow(UserError);
    expect(readdirSync(folder)).toEqual(['results']);
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true });
  });
});

describe('an answer', () => {
  it('is one line, whatever its label holds', () => {
    const probabilities = { 'a\nb': 0.75, c: 0.25 };
    expect(answerLine({ kind: 'label', label: 'a\nb', probabilities })).toBe('a b\t0.7500');
    expect(answerLine({ kind: 'labels', labels: ['a\nb'], probabilities })).toBe('a b 0.7500');
  });
});

describe('petl generate', () => {
  it.each([
    [{ 'input-ids': '[[1]]', prompt: 'a' }, '--prompt has no effect with --input-ids'],
    [{ 'input-ids': '[[1]]', chat: true }, '--chat has no effect with --input-ids'],
    [{ prompt: 'a', 'length-penalty': 'long' }, '--length-penalty has no effect without --beams'],
    [{ prompt: 'a', 'length-penalty': '2', beams: '1' }, '--length-penalty has no effect without --beams'],
  ])('refuses %j before a model is opened', async (values, message) => {
    const given = { positionals: [], values: { model: 'no such model', ...values } };
    await expect(generateCommand(given)).rejects.toThrow(message);
  });
});

describe('files that are none', () => {
  it('are refused by name, with what is wrong', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'petl-none-'));
    const latin = join(folder, 'latin.txt');
    writeFileSync(latin, Buffer.from('fine\nol\xe9\n', 'latin1'));
    const predict = (file: string) => predictCommand({ positionals: [], values: { adapter: folder, file } });
    await expect(predict(latin)).rejects.toThrow(`${latin}, line 2: bytes that are no UTF-8`);
    await expect(predict(folder)).rejects.toThrow(`${folder} is a folder: give the path of a file in it`);
    expect(() => recordAt(folder)).toThrow(`${folder} is a folder: name the file of a run in it`);
    rmSync(folder, { recursive: true });
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
  const labelled = (label: string, ...args: readonly string[]) =>
    petl('ablate', '--data', join(folder, 'films.csv'), '--text', 'review', '--label', label, ...args);
  const ablate = (...args: readonly string[]) => labelled('stars', ...args);
  const out = (): readonly string[] => ['--out', join(folder, 'figures')];

  it.each([
    [
      'an unknown column',
      () => labelled('star', '--methods', 'head', ...out()),
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
