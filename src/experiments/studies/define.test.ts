import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { UserError } from '../../errors';
import { train } from '../../notebook';
import { cacheFolder } from '../../packages/manifest';
import { createDelta } from '../../petl/bank/delta';
import { saveDelta } from '../../petl/bank/store';
import { parseMethod } from '../../petl/design/written';
import { tinyModel } from '../../petl/testing/fixtures';
import { projectRoot } from '../../project';
import { forkWorker } from '../runner/process';
import { progressTable } from '../runner/progress';
import { countOpened } from '../store/count-opened';
import { countIfKnown } from '../store/counts';
import { runPath } from '../store/spec';
import { tunedRate } from '../tuning/tuned';
import { defineStudy, expanded, type StudyFields } from './define';
import { runStudy, type RunStudyOptions } from './run-study';
import { variantOfMethod } from './study';

let results: string;
beforeEach(() => {
  results = mkdtempSync(join(tmpdir(), 'petl-own-'));
  vi.stubEnv('PETL_RESULTS', results);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(results, { recursive: true, force: true });
});

const fields: StudyFields = {
  name: 'my-question',
  task: 'sentiment',
  methods: ['head', 'lora:r={2,4}'],
  seeds: [1, 2],
  training: { examples: [500, 2000], scored: { validation: 4, test: 4 } },
  rate: 0.002,
};
const options = (): RunStudyOptions => ({
  workers: 2,
  progress: progressTable({ write: () => undefined, columns: 0 }),
  launch: () => forkWorker(join(projectRoot(), 'src', 'experiments', 'fixtures', 'toy-worker.cjs'), ['']),
});

describe('a study of one’s own', () => {
  it('is every method under every combination of settings, with every seed', () => {
    const study = defineStudy(fields);
    expect(study.variants.map(({ name }) => name)).toEqual(
      ['head', 'lora:r=2', 'lora:r=4'].flatMap((method) => [`${method}; examples=500`, `${method}; examples=2000`]),
    );
    const [first] = study.variants;
    expect(first?.runs.map(({ seed }) => seed)).toEqual([1, 2]);
    expect(first?.runs[0]).toMatchObject({
      study: 'own/my-question',
      method: 'head',
      model: 'minilm-l6',
      training: { examples: 500, learningRate: 0.002, scored: { validation: 4, test: 4 } },
    });
    expect(runPath(first!.runs[0]!)).toMatch(/own\/my-question\/head-sentiment-s1-[0-9a-f]{8}\.jsonl$/);
    expect(defineStudy({ ...fields, rate: [0.1, 0.2] }).variants).toHaveLength(12);
  });

  it('takes models that have to be opened for their shape, and counts them then', async () => {
    const model = join(projectRoot(), 'src', 'model', 'fixtures', 'tiny-gguf', 'tiny.gguf');
    const [variant] = defineStudy({ ...fields, methods: ['lora:r=2'], model }).variants;
    const spec = variant!.runs[0]!;
    expect(countIfKnown(spec)).toBeUndefined();
    const counts = await countOpened(spec);
    expect(counts.trained).toBeGreaterThan(0);
    expect(countIfKnown(spec)).toEqual(counts);
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    const far = defineStudy({ ...fields, methods: ['lora:r=2'], model: 'hub:some/model@main' }).variants[0]!.runs[0]!;
    await expect(countOpened(far)).rejects.toThrow('the network is switched off');
  });

  it('writes a method that it does not list as a variant of its own, and finds those that it does', () => {
    const study = defineStudy({ ...fields, training: {} });
    expect(variantOfMethod(study, 'lora: r=2')).toEqual(study.variants[1]);
    expect(variantOfMethod(study, 'bitfit').runs).toMatchObject([
      { method: 'bitfit', training: { learningRate: 0.002 } },
      {},
    ]);
  });

  it('expands grids in braces', () => {
    expect(expanded('mam:l={2, 4},r={8,16}')).toEqual(['mam:l=2,r=8', 'mam:l=2,r=16', 'mam:l=4,r=8', 'mam:l=4,r=16']);
  });

  it.each([
    [{ name: '../x' }, 'a study cannot be called "../x"'],
    [{ task: 'nothing' }, 'unknown task "nothing"'],
    [{ model: 'minilm' }, 'unknown model "minilm"'],
    [{ methods: [] }, 'a study of no methods'],
    [{ methods: ['lorra:r=2'] }, 'lorra'],
    [{ methods: ['mhpa:l=4,gate=nothing'] }, 'gate'],
    [{ methods: ['adalora:r=4,target=8'] }, 'target=8 directions cannot be left of r=4: write a target of at most 4'],
    [{ seeds: [1, 1] }, 'seeds has 1 twice'],
    [{ seeds: [1.5] }, '"seed"'],
    [{ training: { exampels: 3 } as never }, 'did you mean "examples"'],
    [{ training: { examples: [] } }, 'a study of no training.examples'],
    [{ training: { examples: -1 } }, '"training.examples"'],
    [{ training: { stop: 2, evaluations: 3 } }, 'give at least 4 for stop 2'],
    [{ training: { best: 'loss', scored: { validation: 0, test: 4 } } }, 'give at least 1 for best'],
    [{ training: { from: 'x' } as never }, 'is given as from, beside training'],
    [{ from: 'nowhere' }, 'nowhere holds no petl.json'],
    [{ from: [] }, 'a study of no from'],
    [{ rate: Number.NaN }, '"training.learningRate"'],
    [{ rate: 'best' as never }, "'tuned' or 'tune'"],
    [{ rate: 'tuned', training: { batch: 7 } }, 'no stored table has a rate of head'],
  ] as const)('is refused with %j', (change, message) => {
    const define = (): unknown => defineStudy({ ...fields, ...change }).variants;
    expect(define).toThrow(UserError);
    expect(define).toThrow(message);
  });

  it('on a model whose folder has no tokenizer is refused, and so is one whose prompts are written with it', () => {
    const bare = join(results, 'bare');
    cpSync(join(projectRoot(), 'src', 'model', 'fixtures', 'tiny-bert'), bare, { recursive: true });
    const both = [
      { model: bare },
      { methods: [`id-prompt:l=4,encoder=model,name=${bare},e=32`], model: 'petl-mini-lm' },
    ];
    for (const change of both)
      expect(() => defineStudy({ ...fields, ...change })).toThrow(
        `model "${bare}" has no tokenizer.json: put the model`,
      );
    writeFileSync(join(bare, 'tokenizer.json'), '{}');
    for (const change of both) expect(() => defineStudy({ ...fields, ...change })).not.toThrow();
  });

  it.each([undefined, 'minilm-l6'])('on a model that does not write (%s) no task that writes is begun', (model) => {
    const given = { ...fields, task: 'synopsis', ...(model === undefined ? {} : { model }) };
    expect(() => defineStudy(given)).toThrow(
      `task "synopsis" needs a model that writes, and model "${model ?? 'minilm-l6'}" is none: choose`,
    );
    expect(() => defineStudy(given)).toThrow(UserError);
  });

  it('that goes on from a prefix of an MLP says how the prefix is written without it, and takes that', () => {
    const tiny = tinyModel('bert');
    const from = join(results, 'prefixed');
    for (const [trained, stored] of [
      ['prefix:l=3,mlp=4', 'prefix:l=3'],
      ['mam:l=3,r=4,mlp=4', 'mam:l=3,r=4'],
    ] as const) {
      const delta = createDelta(parseMethod(trained), tiny.shape, tiny.weights, 1);
      rmSync(from, { recursive: true, force: true });
      saveDelta(from, delta, { name: 'minilm-l6', hash: 'a'.repeat(64) });
      delta.dispose();
      const on = (method: string) => defineStudy({ ...fields, from, methods: [method] }).variants;
      expect(() => on(trained)).toThrow(`stored without its MLP, write methods: ['${stored}']`);
      expect(() => on('lora:r=2')).toThrow(`lora:r=2 cannot go on from it: write methods: ['${stored}']`);
      const { method, training } = on(stored)[0]!.runs[0]!;
      expect(method).toBe(stored);
      rmSync(join(cacheFolder(), 'own', training.from!), { recursive: true }); // a study that can be keeps it
    }
    tiny.dispose();
  });

  it('takes the rates of the stored table that fits', () => {
    const study = defineStudy({ ...fields, methods: ['lora:r=3', 'full'], rate: 'tuned' });
    const rates = study.variants.map(({ runs }) => runs[0]?.training.learningRate);
    expect(rates).toEqual(['lora', 'lora', 'full', 'full'].map((family) => tunedRate('existing-methods', family)));
  });

  it('that finds its rates is refused a folder of results that it does not read them from', async () => {
    const study = defineStudy({ ...fields, rate: 'tune' });
    const elsewhere = { ...options(), results: join(results, 'elsewhere') };
    const said = /study my-question finds its rates and keeps them in .*, not in .*elsewhere: leave results out/;
    await expect(runStudy(study, elsewhere)).rejects.toThrow(said);
    await expect(train(study, 'head', elsewhere)).rejects.toThrow(said);
    await expect(train(study, 'head', { results })).rejects.toThrow('has yet to find its learning rates');
  });

  it('finds its rates by trials that are kept, then runs what is missing and nothing twice', async () => {
    const study = defineStudy({
      ...fields,
      methods: ['lora:r={2,4,8}'],
      training: { scored: { validation: 4, test: 4 } },
      rate: 'tune',
    });
    const before = study.variants[0]?.runs[0]?.training.learningRate;
    const report = await runStudy(study, options());
    // toy trials score best at the lowest rate: three more lie beyond the edge
    expect(report).toMatchObject({ failed: [], interrupted: false });
    expect(study.variants[0]?.runs[0]?.training.learningRate).toBeLessThan(before!);
    expect(await runStudy(study, options())).toMatchObject({ reused: 6, finished: 0 });
    const rateOf = (change: Partial<StudyFields>): number | undefined =>
      defineStudy({
        ...{ ...fields, training: { scored: { validation: 4, test: 4 } }, methods: ['lora:r=2'], rate: 'tune' },
        ...change,
      }).variants[0]?.runs[0]?.training.learningRate;
    expect(rateOf({ seeds: [7] })).toBe(study.variants[0]?.runs[0]?.training.learningRate);
    // a study of the same name on another task, model or setting has yet to find its own
    for (const change of [{ task: 'news-topic' }, { model: 'smollm2-135m' }, { training: { examples: 500 } }])
      expect([change, rateOf(change)]).toEqual([change, before]);
    expect(() => variantOfMethod(study, 'bitfit')).toThrow('no trial finds a rate of "bitfit"');
  });
});
