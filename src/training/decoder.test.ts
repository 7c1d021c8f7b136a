import { readFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { upload } from '../engine/memory';
import { disposeTree } from '../engine/tree';
import { createDelta } from '../petl/bank/delta';
import { parseMethod } from '../petl/design/written';
import { tinyModel } from '../petl/testing/fixtures';
import type { EncodedLine } from '../tasks/encode';
import { generationTask } from '../tasks/generation';
import { wordModel, words } from './fixtures/words';
import { generatorOf } from './generator';
import type { OptimizerSettings, TrainingJob, TrainingOutcome } from './job';
import { Loop } from './loop';
import { startState } from './optimizer';
import { lineUploader } from './pairs/one-stack';
import { Session } from './session';
import { stepperOf } from './stepper';
import { train } from './train';
import { plain } from './fixtures/settings';

interface Fixture {
  readonly sources: readonly (readonly number[])[];
  readonly targets: readonly (readonly number[])[];
  readonly optimizer: OptimizerSettings;
  readonly learningRate: number;
  readonly runs: readonly { readonly family: string; readonly written: string; readonly losses: readonly number[] }[];
}
const fixture = JSON.parse(readFileSync(join(__dirname, 'fixtures/decoder.json'), 'utf8')) as Fixture;
const lines = fixture.sources.map((source, index): EncodedLine => {
  const whole = Int32Array.from([...source, ...(fixture.targets[index] ?? [])]);
  return {
    index,
    ids: whole.subarray(0, -1),
    whole,
    types: whole.map((_, at) => Number(at >= source.length)),
    from: source.length,
    shown: '',
  };
});

describe('a decoder that learns targets behind sources', () => {
  it.each(fixture.runs.map((run) => [run.family, run.written, run.losses] as const))(
    '%s, %s: ten losses as PyTorch has them',
    (family, written, losses) => {
      const model = tinyModel(family);
      const method = parseMethod(written);
      const delta = createDelta(method, model.shape, model.weights, 1);
      const variables = Object.fromEntries(
        Object.entries(delta.variables).map(([name, tensor]) => {
          const wave = Float32Array.from({ length: tensor.size }, (_, i) => 0.2 * Math.cos(1 + i));
          return [name, name.endsWith('.down') ? upload(wave, tensor.shape) : tensor];
        }),
      );
      const { optimizer, learningRate } = fixture;
      const learner = generatorOf(model, method, { dropout: 0, labelSmoothing: 0, optimizer });
      const stepper = stepperOf(learner, { optimizer, engine: 'compiled', precision: 'float32' });
      const batch = { length: 16, rows: lines, count: lines.length };
      const tensors = lineUploader([batch], 0)(batch);
      const loop = new Loop(
        {
          seed: 1,
          optimizer,
          rateAt: () => learningRate,
          step: (_at, state, constants, tick) => stepper.step(state, constants, [[tensors]], tick),
        },
        startState(variables),
        delta.constants,
      );
      for (const loss of losses) expect(Math.abs(loop.next() - loss) / Math.max(1, loss)).toBeLessThan(1e-6);
      loop.dispose();
      stepper.dispose();
      disposeTree(tensors);
      model.dispose();
    },
  );
});

describe('training a decoder to write, from rows to texts', { timeout: 120_000 }, () => {
  const session = new Session();
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'petl-decoder-'));
  });
  afterAll(() => {
    session.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  const rows = Array.from({ length: 8 }, (_, i) => ({
    id: String(i),
    text: words(...Array.from({ length: 3 + i }, (__, k) => (7 * i + 11 * k) % 90)),
    target: words(...Array.from({ length: 2 + (i % 4) }, (__, k) => (13 * i + 5 * k + 3) % 90)),
  }));
  const task = generationTask({
    name: 'by-heart',
    load: () => Promise.resolve({ train: rows, validation: rows, test: rows }),
  });
  const run = (model: string, method: string, over: Partial<TrainingJob['training']> = {}): Promise<TrainingOutcome> =>
    train(
      {
        method: parseMethod(method),
        model,
        task,
        seed: 1,
        engine: 'compiled',
        training: { ...plain, epochs: 60, ...over },
      },
      () => undefined,
      session,
    );

  it.each([
    ['llama', true],
    ['llama', false],
    ['gpt2', false],
  ] as const)(
    '%s (framed texts: %s) learns eight pairs by heart and writes them word for word',
    async (family, framed) => {
      const { score, labels, written } = await run(wordModel(mkdtempSync(join(folder, 'm-')), family, framed), 'full');
      expect(score).toBeLessThan(0.05);
      expect(labels).toEqual(rows.map(({ target }) => 1 + target.split(' ').length)); // its words and its end
      expect(written?.texts).toEqual(rows.map(({ target }) => target));
    },
  );

  it('gives back what full fine-tuning trained in place of the frozen weights', async () => {
    const model = wordModel(mkdtempSync(join(folder, 'm-')), 'llama');
    const few = { epochs: 2, scored: { validation: 0, test: 'all' }, evaluations: 0 } as const;
    const parts = async (method: string): Promise<readonly number[]> => (await run(model, method, few)).perExample;
    const first = await parts('lora:r=2');
    const whole = await parts('full');
    expect(await parts('lora:r=2')).toEqual(first);
    expect(await parts('full')).toEqual(whole);
    expect(await parts('full')).toEqual(whole);
  });

  it.each(['lora:r=2', 'prefix:l=3', 'prompt:l=3', 'mam:l=2,r=4'])('%s: every trained tensor moves', async (method) => {
    const model = wordModel(mkdtempSync(join(folder, 'm-')), 'llama');
    const { steps, loss, written } = await run(model, method, { epochs: 2, evaluations: 0 });
    expect(steps).toBe(4);
    expect(loss).toBeGreaterThan(0);
    expect(written?.texts).toHaveLength(8);
  });
});
