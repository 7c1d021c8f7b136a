import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compile } from '../engine/compile';
import type { Tensors } from '../engine/tf';
import { disposeTree } from '../engine/tree';
import type { Backbone } from '../model/backbone';
import { parseMethod } from '../petl/design/written';
import { tensorsOf, tinyModel } from '../petl/testing/fixtures';
import { generationTask } from '../tasks/generation';
import { Adapter } from './adapter';
import { batchOf, cases, farFrom, slopesOf, steepness } from './fixtures/frozen';
import { wordModel, words } from './fixtures/words';
import { generatorOf, type TextGenerator } from './generator';
import type { TrainingJob } from './job';
import { Session } from './session';
import { train } from './train';
import { greedyTarget, plain } from './fixtures/settings';

const settings = {
  dropout: 0,
  labelSmoothing: 0,
  optimizer: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, clipNorm: 0 },
};

describe('a prompt that is written from the input', () => {
  let [gpt2, bert]: Backbone[] = [];
  beforeAll(() => {
    [gpt2, bert] = [tinyModel('gpt2'), tinyModel('bert')];
  });
  afterAll(() => {
    gpt2?.dispose();
    bert?.dispose();
  });
  const readerOf = (): TextGenerator => {
    const method = parseMethod('id-prompt:l=3,q=8,heads=2,encoder=model,name=tiny-bert,e=32');
    return generatorOf(gpt2 as Backbone, method, settings, { encoder: bert });
  };

  it.each(['compiled', 'eager'] as const)('%s: has the loss and the gradients of PyTorch', (engine) => {
    const { written } = cases;
    const [variables, batch] = [tensorsOf(written.tensors), batchOf(cases.texts)];
    const { loss, gradients } = slopesOf(readerOf(), variables, batch, engine);
    expect(loss).toBeCloseTo(written.loss, 4);
    for (const [name, far] of Object.entries(farFrom(written.gradients, gradients)))
      expect(far, name).toBeLessThan(1e-4);
    disposeTree([variables, batch, gradients]);
  });

  it('has the gradients that finite differences give', () => {
    const [variables, batch] = [tensorsOf(cases.written.tensors), batchOf(cases.texts)];
    expect(steepness(readerOf(), variables, batch)).toBeCloseTo(1, 2);
    disposeTree([variables, batch]);
  });

  it('of each text is that of the text alone, whatever stands beside it', () => {
    const method = parseMethod('id-prompt:l=3,q=8,heads=2,layers=1');
    const learner = generatorOf(gpt2 as Backbone, method, settings);
    const own = { ...cases.written.tensors };
    const variables = tensorsOf(own);
    const score = compile((all: Tensors, given: Parameters<typeof learner.score>[1]) =>
      learner.score({ variables: all, constants: {} }, given),
    );
    const scored = (texts: typeof cases.texts): number[] => {
      const tensors = batchOf(texts);
      const { nll, value } = score(variables, tensors);
      const weights = tensors.weights.dataSync();
      const all = Array.from(nll.dataSync()).filter((_, i) => weights[i] === 1);
      disposeTree([tensors, nll, value]);
      return all;
    };
    const together = scored(cases.texts);
    const apart = cases.texts.flatMap((text) => scored([text]));
    together.forEach((nll, i) => expect(nll).toBeCloseTo(apart[i] ?? NaN, 5));
    score.dispose();
    disposeTree(variables);
  });
});

describe('a run whose prompt is written', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'petl-written-'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  const examples = Array.from({ length: 24 }, (_, i) => ({
    id: `e${i}`,
    text: words(i % 6, 10 + (i % 4), 3),
    target: words(40 + (i % 6)),
  }));
  const task = generationTask({
    name: 'first-word',
    load: () => Promise.resolve({ train: examples, validation: examples.slice(0, 6), test: examples.slice(0, 12) }),
  });
  const jobOf = (family: string, method: string, keep?: string): TrainingJob => ({
    method: parseMethod(method),
    model: wordModel(folder, family, family !== 'gpt2'),
    task,
    training: {
      ...plain,
      epochs: 20,
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

  it.each(['bert', 't5'])(
    'with %s learns, writes what it was scored for, and answers the same loaded',
    async (family) => {
      const encoder = wordModel(folder, family);
      const method = `id-prompt:l=2,q=8,heads=2,encoder=model,name=${encodeURIComponent(encoder)},e=32`;
      const keep = join(folder, `kept-${family}`);
      const outcome = await train(jobOf('gpt2', method, keep), () => undefined);
      const plain = await train(jobOf('gpt2', 'prompt:l=2'), () => undefined);
      expect(outcome.score).toBeLessThan(plain.score);
      const adapter = new Adapter(keep);
      const answers = await adapter.predict(examples.slice(0, 12));
      expect(answers.map((answer) => (answer.kind === 'text' ? answer.text : ''))).toEqual(outcome.written?.texts);
      adapter.dispose();
    },
    60_000,
  );

  it('begins anew where the other model has changed while the run was left', async () => {
    const encoder = wordModel(join(folder, 'other'), 'bert');
    const method = `id-prompt:l=2,q=8,heads=2,encoder=model,name=${encodeURIComponent(encoder)},e=32`;
    const path = join(folder, 'state.safetensors');
    const lines: string[] = [];
    const say = (line: string): void => void lines.push(line);
    const until = (last: number): Promise<unknown> =>
      train({ ...jobOf('gpt2', method), checkpoint: { path, steps: 1, say } }, (event) =>
        event.kind === 'step' && event.step === last ? 'stop' : undefined,
      );
    for (const step of [3, 5]) await expect(until(step)).rejects.toThrow(`stopped at step ${step}`);
    const weights = join(encoder, 'model.safetensors');
    const bytes = readFileSync(weights);
    const at = bytes.length - 4; // the last number's least digit
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
    writeFileSync(weights, bytes);
    await expect(until(4)).rejects.toThrow('stopped at step 4');
    expect(lines).toEqual([
      `going on from step 3, kept in ${path}`,
      `${path} is not used (it is of a run with other code, settings, data or weights): the run begins anew`,
    ]);
  }, 60_000);

  it('reads what it is told to: the input, another example, or nothing', async () => {
    const session = new Session();
    const scores: number[] = [];
    for (const source of ['true', 'shuffled', 'constant'])
      scores.push(
        (await train(jobOf('gpt2', `id-prompt:l=2,q=8,heads=2,layers=1,source=${source}`), () => undefined, session))
          .loss,
      );
    session.dispose();
    expect(new Set(scores).size).toBe(3);
  }, 60_000);

  it('of an encoder-decoder stands before the source', async () => {
    const method = 'id-prompt:l=2,q=8,heads=2,layers=1';
    const reading = await train(jobOf('bart', method), () => undefined);
    const blind = await train(jobOf('bart', `${method},source=constant`), () => undefined);
    expect(reading.score).not.toBe(blind.score);
    expect(reading.written?.texts).toHaveLength(12);
  }, 60_000);

  it.each([
    [`id-prompt:l=2,encoder=model,name=minilm-l7,e=32`, /unknown model "minilm-l7"/],
    [`id-prompt:l=2,layers=3`, /reads 3 layers and the model has 2/],
    [`id-prompt:l=2,q=10,heads=4`, /heads = 4 must divide the generator's width q = 10/],
    [`id-prompt:l=2,encoder=model`, /encoder=model needs name/],
  ])('%s is refused in one line', async (method, message) => {
    await expect((async () => train(jobOf('gpt2', method), () => undefined))()).rejects.toThrow(message);
  });

  it('of another width is refused', async () => {
    const encoder = encodeURIComponent(wordModel(folder, 'bert'));
    const job = jobOf('gpt2', `id-prompt:l=2,encoder=model,name=${encoder},e=33`);
    await expect(train(job, () => undefined)).rejects.toThrow(/are 32 wide, not 33: write e=32/);
  });
});
