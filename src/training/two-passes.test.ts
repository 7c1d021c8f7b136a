import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compile } from '../engine/compile';
import { live } from '../engine/memory';
import type { Tensors } from '../engine/tf';
import { disposeTree } from '../engine/tree';
import type { Backbone } from '../model/backbone';
import { loadDelta } from '../petl/bank/store';
import { parseMethod } from '../petl/design/written';
import { tensorsOf, tinyModel } from '../petl/testing/fixtures';
import { generationTask } from '../tasks/generation';
import { Adapter } from './adapter';
import { batchOf, cases, farFrom, slopesOf, steepness } from './fixtures/frozen';
import { greedyTarget, plain } from './fixtures/settings';
import { wordModel, words } from './fixtures/words';
import { generatorOf, type TextGenerator } from './generator';
import type { TrainingJob } from './job';
import { Session } from './session';
import { train } from './train';

const settings = {
  dropout: 0,
  labelSmoothing: 0,
  optimizer: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, clipNorm: 0 },
};
const methods = { twice: 'prompt:l=3+twice:r=5', kept: 'prompt:l=3+twice:r=5,words=kept' } as const;
const names = ['twice', 'kept'] as const;

describe('a connector between two passes through the same frozen weights', () => {
  let model: Backbone;
  beforeAll(() => {
    model = tinyModel('gpt2');
  });
  afterAll(() => {
    model.dispose();
  });
  const learnerOf = (name: keyof typeof methods): TextGenerator =>
    generatorOf(model, parseMethod(methods[name]), settings);

  it.each(names.flatMap((name) => (['compiled', 'eager'] as const).map((engine) => [name, engine] as const)))(
    '%s, %s: has the loss and the gradients of PyTorch',
    (name, engine) => {
      const { tensors, loss: expected, gradients: slopes } = cases[name];
      const [variables, batch] = [tensorsOf(tensors), batchOf(cases.texts)];
      const { loss, gradients } = slopesOf(learnerOf(name), variables, batch, engine);
      expect(loss).toBeCloseTo(expected, 4);
      expect(Object.keys(gradients).sort()).toEqual(Object.keys(slopes).sort());
      for (const [part, far] of Object.entries(farFrom(slopes, gradients))) expect(far, part).toBeLessThan(1e-4);
      disposeTree([variables, batch, gradients]);
    },
  );

  it.each(names)('%s: has the gradients that finite differences give', (name) => {
    const [variables, batch] = [tensorsOf(cases[name].tensors), batchOf(cases.texts)];
    expect(steepness(learnerOf(name), variables, batch)).toBeCloseTo(1, 2);
    disposeTree([variables, batch]);
  });

  it('shows no token those that follow it, whatever stands beside', () => {
    const learner = learnerOf('kept');
    const variables = tensorsOf(cases.kept.tensors);
    const score = compile((all: Tensors, given: Parameters<typeof learner.score>[1]) =>
      learner.score({ variables: all, constants: {} }, given),
    );
    const scored = (texts: typeof cases.texts): number[] => {
      const batch = batchOf(texts);
      const { nll, value } = score(variables, batch);
      const weights = batch.weights.dataSync();
      const all = Array.from(nll.dataSync()).filter((_, i) => weights[i] === 1);
      disposeTree([batch, nll, value]);
      return all;
    };
    const [first, second] = cases.texts as [(typeof cases.texts)[number], (typeof cases.texts)[number]];
    const longer = { ...first, whole: [...first.whole, 44, 91] };
    const [alone, together, more] = [scored([first]), scored([second, first]), scored([longer])];
    alone.forEach((nll, i) => {
      expect(together[i + second.whole.length - second.from]).toBeCloseTo(nll, 5);
      expect(more[i]).toBeCloseTo(nll, 5);
    });
    score.dispose();
    disposeTree(variables);
  });
});

describe('a run in two passes', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'petl-twice-'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  const examples = Array.from({ length: 24 }, (_, i) => ({
    id: `e${i}`,
    text: words(i % 6, 10 + (i % 4), 3),
    target: words(40 + (i % 6), 50 + (i % 3)),
  }));
  const task = generationTask({
    name: 'first-words',
    metric: 'exact-match',
    load: () => Promise.resolve({ train: examples, validation: examples.slice(0, 6), test: examples.slice(0, 12) }),
  });
  const jobOf = (family: string, method: string, keep?: string): TrainingJob => ({
    method: parseMethod(method),
    model: wordModel(folder, family, family !== 'gpt2'),
    task,
    training: {
      ...plain,
      epochs: 12,
      batch: 8,
      learningRate: 0.03,
      schedule: { kind: 'constant', warmup: 0 },
      optimizer: { ...settings.optimizer, clipNorm: 1 },
      target: { ...greedyTarget, maxLength: 4, decoded: 12 },
    },
    seed: 1,
    engine: 'compiled',
    ...(keep === undefined ? {} : { keep }),
  });

  it.each(['gpt2', 'bart'])(
    'of %s writes what it was scored for, and the same when it is loaded',
    async (family) => {
      const keep = join(folder, `kept-${family}`);
      const { written, perExample } = await train(
        jobOf(family, 'prompt:l=2+twice:r=8,words=kept', keep),
        () => undefined,
      );
      // each token of an exact match is the likeliest where the whole text is read: the cache of both passes writes it
      expect(perExample).toEqual(written?.texts.map((text, i) => Number(text === examples[i]?.target)));
      if (family === 'gpt2') expect(Math.max(...perExample)).toBe(1);
      const adapter = new Adapter(keep);
      const answers = await adapter.predict(examples.slice(0, 12));
      expect(answers.map((answer) => (answer.kind === 'text' ? answer.text : ''))).toEqual(written?.texts);
      adapter.dispose();
    },
    60_000,
  );

  it('holds one copy of the weights, and leaves it as it was', async () => {
    const session = new Session();
    const { model } = await session.openPrograms(jobOf('gpt2', 'prompt:l=2'));
    const before = live();
    await train(jobOf('gpt2', 'prompt:l=2+twice:r=8'), () => undefined, session); // demands that no frozen bit moved
    const after = live();
    expect(after.tensors - before.tensors).toBeLessThanOrEqual(after.programs); // one of its own each, and no weight
    expect((await session.openPrograms(jobOf('gpt2', 'prompt:l=2'))).model.backbone).toBe(model.backbone);
    session.dispose();
  }, 60_000);

  it('is refused by another model', async () => {
    const keep = join(folder, 'kept-once');
    await train(jobOf('gpt2', 'prompt:l=2+twice:r=8', keep), () => undefined);
    const other = tinyModel('llama');
    expect(() => loadDelta(keep, other.shape, { hash: 'other' })).toThrow(/was trained on .*: load it on its own base/);
    other.dispose();
  }, 60_000);

  it.each([
    ['twice', /needs r, a whole number/],
    ['twice:r=4,words=all', /words must be replaced or kept/],
    ['twice:r=4+twice:r=8', /has two connectors; keep one/],
    ['twice:r=0', /r must be a whole number of at least 1/],
  ])('%s is refused in one line', (written, message) => {
    expect(() => parseMethod(written)).toThrow(message);
  });
});
