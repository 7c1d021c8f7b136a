import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { tf, type Tensor } from '../engine/tf';
import { UserError } from '../errors';
import type { Backbone } from '../model/backbone';
import type { Model } from '../model/open';
import { createDelta, Delta } from '../petl/bank/delta';
import { tinyModel } from '../petl/testing/fixtures';
import { parseMethod } from '../petl/design/written';
import { fewSteps } from './few-steps';
import { gradientsDue } from './guards';
import { sst2 } from '../tasks/shipped/sst2';
import type { TrainingEvent, TrainingJob, TrainingOutcome } from './job';
import * as kinds from './kinds/index';
import type { Trainer } from './kinds/kind';
import { Session } from './session';
import { train } from './train';

const opened = vi.hoisted(() => ({ models: [] as unknown[] }));
vi.mock('../model/open', () => ({ openModel: () => Promise.resolve(opened.models.at(-1)) }));
vi.mock('./kinds/index', { spy: true });
let original: typeof kinds.kindNamed;
beforeAll(async () => {
  original = (await vi.importActual<typeof kinds>('./kinds/index')).kindNamed;
});

/** The next run's trainer, changed. */
function changeTrainer(change: (trainer: Trainer) => Trainer): void {
  vi.mocked(kinds.kindNamed).mockImplementation((name) => {
    const kind = original(name);
    return { ...kind, open: (...given) => change(kind.open(...given)) };
  });
}

/** A tiny BERT with a tokenizer of one token a word. */
function tinyBert(): Model {
  const ids = (text: string): Int32Array =>
    Int32Array.from([1, ...text.split(' ').map((word) => 3 + (word.length % 50)), 2]);
  return {
    name: 'tiny-bert',
    backbone: tinyModel('bert'),
    special: { end: [], pad: 0, start: null, forcedFirst: null, forcedLast: null },
    tokenizer: {
      size: 100,
      padId: 0,
      encode: ({ text }) => ({ ids: ids(text), typeIds: new Int32Array(ids(text).length) }),
      decode: () => '',
      idOf: () => undefined,
    },
  };
}

const replaced: Tensor[] = [];
afterEach(() => {
  tf.dispose(replaced.splice(0));
});

const schedule = { kind: 'constant', warmup: 0 } as const;
const job = (method: string, over: Partial<TrainingJob['training']> = {}): TrainingJob => ({
  method: parseMethod(method),
  model: 'tiny-bert',
  task: sst2,
  seed: 1,
  engine: 'compiled',
  training: {
    examples: 12,
    epochs: 1,
    batch: 4,
    accumulation: 1,
    maxLength: 16,
    learningRate: 1e-2,
    schedule,
    dropout: 0,
    labelSmoothing: 0,
    optimizer: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, clipNorm: 1 },
    scored: { validation: 0, test: 4 },
    evaluations: 0,
    best: null,
    stop: null,
    from: null,
    teacher: null,
    before: null,
    precision: 'float32',
    target: null,
    ...over,
  },
});
const session = new Session();
const run = (
  given: TrainingJob,
  report: (event: TrainingEvent) => 'stop' | undefined = () => undefined,
): Promise<TrainingOutcome> => train(given, report, session);

/** Replaces a weight by one that differs in the last bit of one value; the programs still hold the one before. */
function flipOneBit({ weights }: Backbone, name: string): void {
  const weight = weights[name] as Tensor;
  const values = weight.dataSync().slice() as Float32Array;
  const bits = new Int32Array(values.buffer);
  const middle = values.length >> 1;
  bits[middle] = (bits[middle] ?? 0) ^ 1;
  (weights as Record<string, Tensor>)[name] = tf.tensor(values, weight.shape);
  replaced.push(weight);
}

/** Zeros here, beside an up matrix that starts at zero: neither ever receives a gradient. */
const dead = 'encoder.0.attn.query.bottleneck.down';

describe('guards of a run', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'petl-guards-'));
    const rows = Array.from(
      { length: 40 },
      (_, i) => `${JSON.stringify({ sentence: `a${'b'.repeat(i % 7)} cc${'d'.repeat(i % 5)} e${i}`, label: i % 2 })}\n`,
    ).join('');
    mkdirSync(join(folder, 'sst2'));
    for (const split of ['train', 'validation']) writeFileSync(join(folder, 'sst2', `${split}.jsonl`), rows);
    vi.stubEnv('PETL_ORIGINALS', folder);
  });
  afterEach(() => {
    session.dispose();
    vi.mocked(kinds.kindNamed).mockReset();
    vi.mocked(kinds.kindNamed).mockImplementation(original);
  });
  afterAll(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true, force: true });
  });
  const open = (): Model => {
    const model = tinyBert();
    opened.models.push(model);
    return model;
  };

  it.each(['encoder.0.ffn.up.weight', 'encoder.1.attn.value.bias', 'embedding.word'])(
    'stop where one bit of %s changed',
    async (name) => {
      const { backbone } = open();
      await expect(
        run(job('lora:r=2'), (event) => {
          if (event.kind === 'step' && event.step === 1) flipOneBit(backbone, name);
          return undefined;
        }),
      ).rejects.toThrow(`frozen weight ${name} changed during training`);
    },
  );

  it('hold the frozen weights to what they were when the model was loaded, not when the run began', async () => {
    const { backbone } = open();
    expect((await run(job('lora:r=2'))).steps).toBe(3);
    flipOneBit(backbone, 'encoder.1.attn.out.weight');
    await expect(run(job('lora:r=2'))).rejects.toThrow('frozen weight encoder.1.attn.out.weight changed');
  });

  it('refuse a task with classes whose head is not among the trained tensors', async () => {
    open();
    changeTrainer((trainer) => ({ ...trainer, head: () => ({}) }));
    await expect(run(job('lora:r=2'))).rejects.toThrow(
      new UserError('The head of 2 classes is not among the trained tensors: it would stay at its random start.'),
    );
  });

  it('name trained tensors that never receive a gradient', async () => {
    open();
    changeTrainer((trainer) => ({
      ...trainer,
      head: (seed) => ({ ...trainer.head(seed), [dead]: tf.zeros([32, 2]) }),
    }));
    await expect(run(job('lora:r=2'))).rejects.toThrow(
      `lora:r=2: 2 trained tensors received no gradient, ${dead} first: the loss does not depend on them`,
    );
  });

  it.each(['lora:r=2', 'vera:r=4', 'mam:l=2,r=4'])('accept one step of %s, and a stop after it', async (method) => {
    open();
    expect((await run(job(method, { examples: 4 }))).steps).toBe(1);
    expect((await run(job(method), () => 'stop')).steps).toBe(1);
  });

  it('accept two steps of which the first warms up at rate 0', async () => {
    open();
    expect((await run(job('lora:r=2', { examples: 8, schedule: { kind: 'linear', warmup: 0.5 } }))).steps).toBe(2);
  });

  it('wait for a step after one that moved something', () => {
    const due = (done: number, warmup: number, learningRate = 1e-3): boolean =>
      gradientsDue({ learningRate, schedule: { kind: 'linear', warmup } }, done, 10);
    expect([0, 1, 2, 3].map((done) => due(done, 0))).toEqual([false, false, true, true]);
    expect([1, 2, 3].map((done) => due(done, 0.2))).toEqual([false, false, true]);
    expect(due(10, 0, 0)).toBe(false);
  });
});

describe('guards of a few steps', () => {
  const texts = [
    { text: 'a a a', label: 0 },
    { text: 'dddd dddd', label: 1 },
  ];

  it.each([1, 3])('let %i steps of LoRA pass', async (steps) => {
    const model = tinyBert();
    const delta = createDelta(parseMethod('lora:r=2'), model.backbone.shape, model.backbone.weights, 1);
    expect(await fewSteps(model, delta, texts, { steps, rate: 1e-2 })).toHaveLength(steps);
    delta.dispose();
    model.backbone.dispose();
  });

  it('name a tensor without gradient and a frozen weight that changed', async () => {
    const model = tinyBert();
    const delta = createDelta(parseMethod('lora:r=2'), model.backbone.shape, model.backbone.weights, 1);
    const halved = new Delta(delta.method, delta.shape, {
      variables: { ...delta.variables, [dead]: tf.zeros([32, 2]) },
      constants: delta.constants,
    });
    await expect(fewSteps(model, halved, texts, { steps: 2, rate: 1e-2 })).rejects.toThrow(
      `2 trained tensors received no gradient, ${dead} first`,
    );
    const first = fewSteps(model, delta, texts, { steps: 2, rate: 1e-2 }); // the first step is done when it is this side's turn
    flipOneBit(model.backbone, 'embedding.word');
    await expect(first).rejects.toThrow('frozen weight embedding.word changed during training');
    delta.dispose();
    model.backbone.dispose();
  });
});
