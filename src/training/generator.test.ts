import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compile } from '../engine/compile';
import { live, upload } from '../engine/memory';
import { tf, type Tensor, type Tensors } from '../engine/tf';
import { disposeTree } from '../engine/tree';
import type { Backbone } from '../model/backbone';
import { canonicalNames } from '../model/checkpoint/names';
import type { LanguageBatch } from '../model/language';
import { createDelta } from '../petl/bank/delta';
import { promptLength } from '../petl/forms/modify';
import { tinyModel } from '../petl/testing/fixtures';
import { parseMethod } from '../petl/design/written';
import type { EncodedPair } from '../tasks/encode';
import { sampled } from '../testing/tier';
import { readyFor } from './prepare';
import { evaluate } from './evaluate';
import { pairUploader } from './pairs/two-stacks';
import { generatorOf, type TextGenerator } from './generator';
import type { TrainingSettings } from './job';
import type { Own } from './learner';
import { Loop, type Steps } from './loop';
import { startState } from './optimizer';
import { stepperOf } from './stepper';

interface Checksum {
  readonly shape: readonly number[];
  readonly sum: number;
  readonly squares: number;
  readonly probe: number;
}
interface Fixture {
  readonly sources: readonly (readonly number[])[];
  readonly targets: readonly (readonly number[])[];
  readonly smoothing: number;
  readonly loss: number;
  readonly smoothed: number;
  readonly sums: readonly number[];
  readonly gradients: Readonly<Record<string, Checksum>>;
}
const fixture = JSON.parse(readFileSync(join(__dirname, 'fixtures/seq2seq.json'), 'utf8')) as Fixture;

const optimizer = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01, clipNorm: 1 };
const settings = (over: Partial<TrainingSettings> = {}): TrainingSettings =>
  ({ dropout: 0, labelSmoothing: 0, optimizer, ...over }) as TrainingSettings;
/** The decoder starts with the end token, as BART's does. */
const pairs: readonly EncodedPair[] = fixture.sources.map((ids, index) => ({
  index,
  ids: Int32Array.from(ids),
  start: 2,
  shown: '',
  target: Int32Array.from(fixture.targets[index] ?? []),
}));

const none = upload(new Int32Array(2), [2]);
const methods = [
  'full',
  'bitfit',
  'layernorm',
  'top:k=1',
  'prompt:l=3',
  'prefix:l=3',
  'prefix:l=3,mlp=8',
  'prefix:l=3,gate=none',
  'houlsby:m=4',
  'pfeiffer:r=4',
  'sa-attn:r=4',
  'sa-ffn:r=4',
  'pa-attn:r=4',
  'pa-ffn:r=4,s=4',
  'pa-ffn:r=4,s=learned',
  'mhpa:l=3',
  'mhpa:l=3,query=normed',
  'lora:r=2',
  'lora-ffn:r=2',
  'mam:l=2,r=4',
  'unipelt:l=2,r=2,m=4,gate=token',
  'ia3',
] as const;

describe('an encoder-decoder that learns to write', () => {
  let model: Backbone;
  beforeAll(() => {
    model = tinyModel('bart');
  });
  afterAll(() => {
    model.dispose();
    none.dispose();
  });

  /** All pairs in one batch, sources padded to `length`. */
  const batchOf = (
    rows: readonly EncodedPair[],
    { length = 8, prompt = 0, count = rows.length } = {},
  ): LanguageBatch => {
    const batch = { length, rows, count };
    return pairUploader([batch], prompt)(batch);
  };
  const start = (
    written: string,
    over?: Partial<TrainingSettings>,
  ): { readonly generator: TextGenerator; readonly own: Own; readonly prompt: number } => {
    const method = parseMethod(written);
    const { variables, constants } = createDelta(method, model.shape, model.weights, 3);
    return {
      generator: generatorOf(model, method, settings(over)),
      own: { variables, constants },
      prompt: promptLength(method),
    };
  };

  it('has the loss and the gradients of transformers, padding and fillers left out', () => {
    const share = upload(new Float32Array([1]), []);
    for (const [smoothing, expected] of [
      [0, fixture.loss],
      [fixture.smoothing, fixture.smoothed],
    ] as const) {
      const { generator, own } = start('full', { labelSmoothing: smoothing });
      const batch = batchOf([...pairs, pairs[0] as EncodedPair], { length: 16, count: 3 });
      const { loss, gradients } = compile((...given: Parameters<TextGenerator['gradients']>) =>
        generator.gradients(...given),
      )(own.variables, own.constants, [batch], { seed: none, share });
      expect(loss.dataSync()[0]).toBeCloseTo(expected, 5);
      if (smoothing > 0) demandGradients(gradients);
      disposeTree([own, batch, loss, gradients]);
    }
  });

  it.each(['full', 'prompt:l=3', 'prefix:l=3', 'mam:l=2,r=4', 'mhpa:l=3', 'lora:r=2'])(
    '%s: attends in four grids as it attends in one',
    (written) => {
      const long = Int32Array.from({ length: 20 }, (_, i) => 4 + ((7 * i) % 90));
      const four: readonly EncodedPair[] = [
        ...pairs,
        { index: 3, ids: long.slice(3, 13), start: 2, shown: '', target: long },
      ];
      const { generator, own, prompt } = start(written);
      const share = upload(new Float32Array([1]), []);
      const slopes = compile((...given: Parameters<TextGenerator['gradients']>) => generator.gradients(...given));
      // five rows are no four quarters
      const [several, one] = [
        batchOf(four, { length: 16, prompt }),
        batchOf([...four, four[0] as EncodedPair], { length: 16, prompt, count: 4 }),
      ];
      expect([several, one].map(({ source, target }) => [source?.keys.length, target.keys.length])).toEqual([
        [4, 4],
        [1, 1],
      ]);
      const [a, b] = [several, one].map((batch) =>
        slopes(own.variables, own.constants, [batch], { seed: none, share }),
      ) as [ReturnType<typeof slopes>, ReturnType<typeof slopes>];
      expect(a.loss.dataSync()[0]).toBeCloseTo(b.loss.dataSync()[0] as number, 5);
      for (const [name, gradient] of Object.entries(a.gradients)) {
        const [x, y] = [gradient, b.gradients[name] as Tensor].map((t) => Array.from(t.dataSync())) as [
          number[],
          number[],
        ];
        const largest = y.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
        expect(
          x.reduce((most, v, i) => Math.max(most, Math.abs(v - (y[i] as number))), 0),
          name,
        ).toBeLessThan(1e-5 * largest + 1e-7);
      }
      slopes.dispose();
      disposeTree([own, several, one, a, b, share]);
    },
  );

  function demandGradients(gradients: Tensors): void {
    for (const [stored, { squares, probe, sum }] of Object.entries(fixture.gradients)) {
      const [target] = canonicalNames('bart', stored);
      if (target === undefined) throw new Error(`no name for ${stored}`);
      const ours = gradients[target.name] as Tensor;
      const x = tf.tidy(() => Array.from((target.transpose ? tf.transpose(ours) : ours).dataSync()));
      const scale = Math.max(1e-3, Math.sqrt(squares));
      expect(Math.abs(Math.sqrt(x.reduce((a, v) => a + v * v, 0)) - Math.sqrt(squares)), stored).toBeLessThan(
        1e-5 * scale + 1e-6,
      );
      expect(Math.abs(x.reduce((a, v, i) => a + v * Math.cos(i + 1), 0) - probe), stored).toBeLessThan(
        1e-4 * scale + 1e-6,
      );
      expect(Math.abs(x.reduce((a, v) => a + v, 0) - sum), stored).toBeLessThan(1e-4 * scale * Math.sqrt(x.length));
    }
  }

  it('scores each example alike, whatever it is batched and padded with', () => {
    const { generator, own } = start('mam:l=2,r=4');
    const score = compile((given: Own, shards: readonly LanguageBatch[]) =>
      shards.map((shard) => generator.score(given, shard)),
    );
    const sums = (groups: readonly (readonly EncodedPair[])[], length: number, size: number): readonly number[] => {
      const batches = groups.map((group) => ({
        length,
        rows: Array.from({ length: size }, (_, row) => (group[row] ?? group[0]) as EncodedPair),
        count: group.length,
      }));
      const ready = batches.map(
        readyFor(batches, { uploader: (shards) => pairUploader(shards, 0), labels: ({ target }) => target.length }),
      );
      const {
        score: mean,
        loss,
        perExample,
        labels,
      } = evaluate(score, { batches: ready, ids: ['a', 'b', 'c'] }, own, {
        whole: undefined,
        each: 'sum',
        right: [],
        parts: [],
      });
      expect(mean).toBe(loss);
      expect(perExample.reduce((a, b) => a + b, 0) / 3).toBeCloseTo(mean, 10);
      expect(labels).toEqual(fixture.targets.map((target) => target.length));
      return perExample.map((part) => (part * labels.reduce((a, b) => a + b, 0)) / 3);
    };
    const expected = sums([pairs], 8, 3);
    for (const found of [
      sums(
        pairs.map((pair) => [pair]),
        8,
        1,
      ),
      sums([pairs.slice(1), pairs.slice(0, 1)], 24, 4),
      sums([[...pairs].reverse()], 32, 5),
    ]) {
      found.forEach((sum, i) => {
        expect(Math.abs(sum - (expected[i] ?? NaN))).toBeLessThan(1e-5);
      });
    }
    const plain = start('full');
    const whole = plain.generator.score(plain.own, batchOf(pairs));
    const values = Array.from(whole.nll.dataSync());
    fixture.targets.reduce((from, target, i) => {
      expect(values.slice(from, from + target.length).reduce((a, b) => a + b, 0)).toBeCloseTo(
        fixture.sums[i] ?? NaN,
        4,
      );
      return from + target.length;
    }, 0);
    score.dispose();
  });

  /** Losses of the steps; the state is freed. */
  const run = (
    written: string,
    steps: number,
    engine: 'compiled' | 'eager',
    watch: () => void = () => undefined,
  ): readonly number[] => {
    const { generator, own, prompt } = start(written, { dropout: 0.1, labelSmoothing: 0.1 });
    const batch = batchOf(pairs, { prompt });
    const stepper = stepperOf(generator, { optimizer, engine, precision: 'float32' });
    const step: Steps['step'] = (_at, state, constants, tick) => stepper.step(state, constants, [[batch]], tick);
    const loop = new Loop({ seed: 1, optimizer, rateAt: () => 1e-2, step }, startState(own.variables), own.constants);
    const losses = Array.from({ length: steps }, () => {
      const loss = loop.next();
      watch();
      return loss;
    });
    loop.dispose();
    disposeTree(batch);
    stepper.dispose();
    return losses;
  };

  it.each(sampled(methods))('%s: compiled and eager losses agree to 1e-5 over 6 steps and fall', (written) => {
    const compiled = run(written, 6, 'compiled');
    const eager = run(written, 6, 'eager');
    compiled.forEach((loss, i) => {
      expect(Math.abs(loss - (eager[i] as number))).toBeLessThan(1e-5);
    });
    expect(Math.min(...compiled.slice(-3))).toBeLessThan(compiled[0] as number);
  });

  it('leaves frozen weights bit-equal and adds no tensor over 30 steps', () => {
    const before = Object.fromEntries(Object.entries(model.weights).map(([name, t]) => [name, t.dataSync().slice()]));
    const counts: number[] = [];
    run('mam:l=2,r=4', 30, 'compiled', () => {
      counts.push(live().tensors);
    });
    expect(new Set(counts.slice(1)).size).toBe(1);
    for (const [name, t] of Object.entries(model.weights)) expect(t.dataSync(), name).toEqual(before[name]);
  });

  it('refuses a gate that would see the tokens to be predicted', () => {
    const { generator, own } = start('unipelt:l=2,r=2,m=4');
    expect(() => generator.score(own, batchOf(pairs))).toThrow('write gate=token');
  });
});
