import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MachineError, UserError } from '../../errors';
import type { Report } from '../../training/job';
import { checkpointPath, executeRun, StoppedError, type Tools } from '../runner/execute';
import { toyOutcome, toyTools } from '../fixtures/tools';
import { readRun, readStudyFolder } from './read';
import { processes, type Owner } from '../../processes';
import { projectRoot } from '../../project';
import { readRows, rowsOfRuns } from './rows';
import { unsealed } from '../../seal';
import { canonicalJson, runId, runPath, runSpec, studyFolder } from './spec';

const quiet: Report = () => undefined;
const spec = runSpec({ study: 'toy', method: 'lora:r=4', training: { scored: { validation: 'all', test: 4 } } });
const plan = { spec, label: 'LoRA r=4' };
let results: string;
const path = (): string => runPath(spec, results);
const options = () => ({ engine: 'compiled', report: quiet, results }) as const;

beforeEach(() => {
  results = mkdtempSync(join(tmpdir(), 'petl-store-'));
});
afterEach(() => rmSync(results, { recursive: true, force: true }));

/** A record without what was added since the first ones. */
function asBefore(text: string): string {
  const settings = ['target', 'best', 'stop', 'from'];
  const added = new Set([...settings, 'kernels', 'threads', 'tokens', 'written', 'data', 'model', 'kept', 'checksum']);
  return (
    text
      .trim()
      .split('\n')
      .map((line, i) => {
        const whole = JSON.parse(line) as { readonly kind: string };
        const drop = (value: unknown, inSpec: boolean): unknown =>
          value === null || typeof value !== 'object' || Array.isArray(value)
            ? value
            : Object.fromEntries(
                Object.entries(value)
                  .filter(([key]) => !added.has(key) || (inSpec && key === 'model'))
                  .map(([key, inner]) => [key, drop(inner, inSpec || key === 'spec')]),
              );
        return JSON.stringify(i === 0 || whole.kind === 'final' ? drop(whole, false) : whole);
      })
      .join('\n') + '\n'
  );
}

describe("a run's name", () => {
  it('is made of method, task, seed and hash, safe for a file', () => {
    expect(runId(spec)).toMatch(/^lora-r4-sentiment-s1-[0-9a-f]{8}$/);
    expect(runId(runSpec({ study: 'toy', method: 'mam:l=4,r=60+bitfit' }))).toMatch(
      /^mam-l4-r60\+bitfit-sentiment-s1-[0-9a-f]{8}$/,
    );
  });

  it('differs when any setting differs, and only then', () => {
    const same = runSpec({ method: 'lora:r=4', study: 'toy', training: { scored: { test: 4, validation: 'all' } } });
    const others = [{ seed: 2 }, { tier: 'full' }, { training: { ...spec.training, labelSmoothing: 0.1 } }] as const;
    expect(runId(same)).toBe(runId(spec));
    expect(new Set([spec, ...others.map((other) => ({ ...spec, ...other }))].map(runId)).size).toBe(4);
  });

  it('stays what it was when settings are added: records from before are read, each whole', () => {
    const folder = (root: string): string => studyFolder('existing-methods', 'quick', root);
    const reference = folder(join(projectRoot(), 'results', 'reference'));
    mkdirSync(folder(results), { recursive: true });
    for (const name of readdirSync(reference))
      writeFileSync(join(folder(results), name), asBefore(readFileSync(join(reference, name), 'utf8')));
    const read = readStudyFolder('existing-methods', 'quick', results);
    expect(read.map(({ kind }) => kind)).toEqual(Array.from({ length: 9 }, () => 'finished'));
    for (const stored of read)
      if (stored.kind === 'finished')
        expect(stored.record).toMatchObject({
          run: { spec: { training: { target: null } } },
          final: { tokens: [], written: null, data: null, model: null },
        });
    expect(
      runId({
        ...spec,
        training: {
          ...spec.training,
          target: { maxLength: 32, decoded: 500, beams: 1, lengthPenalty: 1, minLength: 0, noRepeatNgram: 0 },
        },
      }),
    ).not.toBe(runId(spec));
  });

  it.each([
    [{ study: '../../x' }, '"study" should be a name of letters, digits, ".", "_" and "-", not "../../x"'],
    [{ study: '' }, '"study"'],
    [{ study: 'own/a/b' }, '"study"'],
    [{ model: 'a\nb' }, '"model" should be one line of text'],
    [{ seed: 1.5 }, '"seed"'],
    [{ seed: -1 }, '"seed" should be >=0, not -1'],
    [{ seed: 1.5 }, '"seed" should be a whole number, not 1.5'],
    [{ training: { learningRate: Number.NaN } }, '"training.learningRate" should be number, not NaN'],
    [{ training: { learningRate: 0 } }, '"training.learningRate" should be >0, not 0'],
    [{ training: { epochs: Infinity } }, '"training.epochs"'],
    [{ training: { dropout: 1 } }, '"training.dropout" should be <1, not 1'],
    [{ training: { exemples: 3 } as never }, 'unknown field "training.exemples"'],
    [{ method: undefined as never }, "a run needs a method, its written form such as 'lora:r=8', not undefined"],
    [{ task: 0 as never }, "a run needs a task such as 'sentiment', not 0"],
  ])('is refused where the spec %j has what none can have', (change, message) => {
    const make = (): unknown => runSpec({ study: 'toy', method: 'lora:r=4', ...change });
    expect(make).toThrow(UserError);
    expect(make).toThrow(message);
  });

  it('does not depend on the order of keys', () => {
    expect(canonicalJson({ b: [1, { d: null, c: 'x' }], a: true })).toBe('{"a":true,"b":[1,{"c":"x","d":null}]}');
  });
});

describe('the store', () => {
  it('writes a run that explains itself and reads it back', async () => {
    const record = await executeRun(plan, toyTools, options());
    expect(record.run).toMatchObject({
      id: runId(spec),
      label: 'LoRA r=4',
      spec,
      engine: 'compiled',
      counts: { trained: 100, backbone: 10000 },
    });
    expect(record.run.environment.versions['node']).toBe(process.versions.node);
    expect(record.run.environment.kernels).toBe(process.env.PETL_KERNELS !== '0');
    expect(record.run.environment.threads).toBe(Number(process.env.TF_NUM_INTRAOP_THREADS ?? cpus().length));
    expect(record.train.map(({ step }) => step)).toEqual([1, 2, 3]);
    expect(record.evaluations).toHaveLength(1);
    expect(record.final).toMatchObject({ score: 0.5, perExample: [1, 0, 1, 0], tests: { count: 4 }, peakMb: 100 });
  });

  it('gives rows with shares and words', async () => {
    await executeRun(plan, toyTools, options());
    const [row] = readRows('toy', 'quick', results);
    expect(row).toMatchObject({
      method: 'lora:r=4',
      form: 'low-rank',
      site: 'attention',
      share: 1,
      score: 0.5,
      seed: 1,
      metric: 'accuracy',
    });
    expect(rowsOfRuns([spec, { ...spec, seed: 9 }], results)).toEqual([row]);
  });

  it('keeps what was written, with the tokens of each target and the data it was scored on', async () => {
    const written = {
      examples: { count: 2, hash: 'd' },
      bleu: 12.5,
      chrf: 30,
      rouge1: 0.5,
      rouge2: 0.25,
      rougeL: 0.5,
      rougeLsum: 0.5,
      unfinished: 1,
      seconds: 1.23456,
      texts: ['one', 'two'],
    };
    const writing: Tools = {
      ...toyTools,
      train: async (job, report) => ({
        ...(await toyTools.train(job, report)),
        metric: 'nll',
        perExample: [1.5, 2, 0.25, 0.25],
        score: 1,
        labels: [3, 2, 1, 6],
        written,
      }),
    };
    const { final } = await executeRun(plan, writing, options());
    expect(final).toMatchObject({
      tokens: [3, 2, 1, 6],
      written: { ...written, seconds: 1.235 },
      data: { test: { count: 4, hash: 'c' } },
      model: '0123456789abcdef',
    });
    expect((await executeRun(plan, toyTools, options())).final).toMatchObject({ tokens: [], written: null });
  });

  it('keeps about a hundred points of a long curve', async () => {
    const long: Tools = {
      ...toyTools,
      train: (_, report) => {
        for (let step = 1; step <= 1234; step++) report({ kind: 'step', step, steps: 1234, loss: 1, seconds: 1 });
        return Promise.resolve(toyOutcome(1));
      },
    };
    const { train } = await executeRun(plan, long, options());
    expect(train.length).toBeGreaterThan(90);
    expect(train.length).toBeLessThan(110);
    expect([train[0]!.step, train[train.length - 1]!.step]).toEqual([1, 1234]);
  });
});

describe('what must not count', () => {
  it.each([
    ['an empty file', () => '', 'it is empty'],
    ['a cut-off line', (text: string) => text.slice(0, -20), 'its last line is cut off'],
    [
      'no final line',
      (text: string) => `${text.split('\n').slice(0, -2).join('\n')}\n`,
      'it does not begin with a run and end with a final line',
    ],
    [
      'a line that is null',
      (text: string) => text.replace('\n{"kind":"train"', '\nnull\n{"kind":"train"'),
      'line 2 is no line of a run: its kind should be run, train, eval, final',
    ],
    ['missing counts', (text: string) => text.replace(/"counts":\{[^}]*\},/, ''), 'line 1 has no field "counts"'],
    [
      'an edited score',
      (text: string) => text.replace('"score":0.5,', '"score":0.75,'),
      'its score 0.75 is not the mean of its per-example scores, 0.5',
    ],
    [
      'an edited per-example score',
      (text: string) => text.replace('"perExample":[1,0', '"perExample":[1,1'),
      'its score 0.5 is not the mean of its per-example scores, 0.75',
    ],
    [
      'an empty per-example list',
      (text: string) => text.replace(/"perExample":\[[^\]]*\]/, '"perExample":[]').replace(/"count":4/g, '"count":0'),
      'it has 0 per-example scores where 4 were asked for',
    ],
    ['a flipped bit in a name', (text: string) => text.replace('"peakMb"', '"peakMc"'), 'line 6 has no field "peakMb"'],
    [
      'a field that nothing knows',
      (text: string) => text.replace('"peakMb"', '"statistic":"f1","peakMb"'),
      'line 6 has an unknown field "statistic"',
    ],
    [
      'a line that is not JSON',
      (text: string) => text.replace('\n{"kind":"train"', '\n<<<<<<< HEAD\n{"kind":"train"'),
      'line 2 is not JSON',
    ],
    [
      "another run's spec",
      (text: string) => text.replace('"seed":1', '"seed":2'),
      'its spec does not give its file name',
    ],
    [
      'a lost per-example score',
      (text: string) => text.replace('"perExample":[1,', '"perExample":['),
      'its per-example scores do not match their count',
    ],
    [
      'a lost token count',
      (text: string) => text.replace('"tokens":[]', '"tokens":[3,2]'),
      'its token counts do not match its scores',
    ],
    [
      'a score that is no number',
      (text: string) => text.replace('"score":0.5,', '"score":null,'),
      'its score is not a number',
    ],
  ])('%s is damage with its reason', async (_, damage, reason) => {
    await executeRun(plan, toyTools, options());
    writeFileSync(path(), damage(unsealed(readFileSync(path(), 'utf8'))!));
    expect(readRun(path())).toEqual({ kind: 'damaged', path: path(), reason });
    expect((await executeRun(plan, toyTools, options())).final.score).toBe(0.5);
    expect(readRun(path()).kind).toBe('finished');
  });

  it('a flipped bit anywhere is damage, told by the checksum', async () => {
    await executeRun(plan, toyTools, options());
    const bytes = readFileSync(path());
    for (let at = 0; at < bytes.length; at += 3) {
      const changed = Buffer.from(bytes);
      changed[at]! ^= 1 << (at % 7);
      writeFileSync(path(), changed);
      expect(readRun(path()).kind, `byte ${at}`).toBe('damaged');
    }
  });

  it('a record from before there were checksums is read without one', async () => {
    const record = await executeRun(plan, toyTools, options());
    const text = readFileSync(path(), 'utf8');
    expect(text).toMatch(/,"checksum":"[0-9a-f]{16}"\}\n$/);
    writeFileSync(path(), unsealed(text)!);
    expect(readRun(path())).toEqual({ kind: 'finished', record });
  });

  it('a bad file among others is named, and the others are read', async () => {
    const other = runSpec({ study: 'toy', method: 'head', training: spec.training });
    for (const one of [plan, { spec: other, label: 'head' }]) await executeRun(one, toyTools, options());
    copyFileSync(join(__dirname, '..', 'fixtures', 'null-line.jsonl'), path());
    const said = vi.spyOn(console, 'error').mockReturnValue();
    expect(readRows('toy', 'quick', results).map(({ method }) => method)).toEqual(['head']);
    expect(rowsOfRuns([spec, other], results)).toHaveLength(1);
    expect(said.mock.calls).toEqual([[expect.stringMatching(/lora-r4-.*\.jsonl: line 2 is no line of a run/)]]);
    said.mockRestore();
  });

  it('a file cut at any byte is damage, never a wrong number', async () => {
    await executeRun(plan, toyTools, options());
    const text = readFileSync(path(), 'utf8');
    for (let length = 0; length < text.length; length++) {
      writeFileSync(path(), text.slice(0, length));
      expect(readRun(path()).kind).toBe('damaged');
    }
  });

  it.each([
    [
      'diverges',
      { ...toyTools, train: () => Promise.resolve({ ...toyOutcome(1), score: Number.NaN, loss: Number.NaN }) },
      'lower its learning rate',
    ],
    ['throws', { ...toyTools, train: () => Promise.reject(new Error('out of memory')) }, 'out of memory'],
  ] as const)('a run that %s leaves nothing', async (_, tools, message) => {
    await expect(executeRun(plan, tools, options())).rejects.toThrow(message);
    expect(readdirSync(dirname(path()))).toEqual([]);
  });

  it('a stopped run leaves nothing', async () => {
    await expect(executeRun(plan, toyTools, { ...options(), report: () => 'stop' })).rejects.toThrow(StoppedError);
    expect(readdirSync(dirname(path()))).toEqual([]);
  });

  it('a state is kept as one of the code, kernels and threads that the record names', async () => {
    const asked: unknown[] = [];
    const train: typeof toyTools.train = async (job, report) => {
      asked.push(job.checkpoint?.by);
      return await toyTools.train(job, report);
    };
    const { code, kernels, threads } = (await executeRun(plan, { ...toyTools, train }, options())).run.environment;
    expect([code, typeof kernels, typeof threads]).toEqual([expect.stringMatching(/^\w{12}$/), 'boolean', 'number']);
    expect(asked).toEqual([{ code, kernels, threads }]);
  });

  it.each([
    ['is kept where the disk is full', new MachineError('make room, then run the same command again'), true],
    ['is removed where the run diverged', new Error('the loss is NaN at step 2'), false],
  ])('the state of a run %s', async (_, fault, stays) => {
    const train: typeof toyTools.train = async (job) => {
      writeFileSync(job.checkpoint?.path ?? '', 'a state');
      return await Promise.reject(fault);
    };
    await expect(executeRun(plan, { ...toyTools, train }, options())).rejects.toThrow(fault);
    expect(readdirSync(dirname(path()))).toEqual(stays ? [basename(checkpointPath(spec, results))] : []);
  });

  it('a failed second run leaves the first as it was', async () => {
    await executeRun(plan, toyTools, options());
    const before = readFileSync(path(), 'utf8');
    await expect(
      executeRun(plan, { ...toyTools, train: () => Promise.reject(new Error('x')) }, options()),
    ).rejects.toThrow('x');
    expect(readFileSync(path(), 'utf8')).toBe(before);
  });

  it('what a killed process left is not read, and removed by the next run', async () => {
    mkdirSync(dirname(path()), { recursive: true });
    const { ownerOf, tokenOf } = processes();
    const name = (owner: Owner): string => join(dirname(path()), `.tmp-${tokenOf(owner)}-x.jsonl`);
    const left = name({ ...ownerOf(), pid: 999999999 });
    const recycled = name({ ...ownerOf(), started: '1' });
    const alive = name(ownerOf(process.ppid));
    const elsewhere = name({ ...ownerOf(), pid: 999999999, place: 'abcdefabcdef' });
    for (const file of [left, recycled, alive, elsewhere]) appendFileSync(file, '{"kind":"run"');
    expect(readStudyFolder('toy', 'quick', results)).toEqual([]);
    await executeRun(plan, toyTools, options());
    expect([left, recycled, alive, elsewhere].map((file) => existsSync(file))).toEqual([false, false, true, true]);
  });
});
