import { describe, expect, it } from 'vitest';
import { upload } from '../engine/memory';
import { opThreads, shardsOf } from '../engine/threads';
import { tf, type Tensors } from '../engine/tf';
import { compile } from '../engine/compile';
import { disposeTree } from '../engine/tree';
import { promptLength } from '../petl/forms/modify';
import { parseMethod } from '../petl/design/written';
import { shardsIn, type Batch, type Encoded } from '../tasks/batches';
import type { EncodedText, EncodedLine, EncodedPair } from '../tasks/encode';
import { classifierOf } from '../training/classifier';
import { generatorOf } from '../training/generator';
import type { Learner, Own, Weighted } from '../training/learner';
import { labelledBatching } from '../training/kinds/pooled-batches';
import { lineUploader } from '../training/pairs/one-stack';
import { pairUploader } from '../training/pairs/two-stacks';
import { benchOf, moved } from './testing/bench';
import { cells, kinds } from './testing/matrix';
import { newHead, quiet, values } from './testing/steps';

const dropping = { ...quiet, dropout: 0.3 };

/** Texts of 2 to 7 tokens in ascending order, the last two of a batch of 16 fillers. */
const texts: readonly (readonly number[])[] = Array.from({ length: 16 }, (_, i) =>
  Array.from({ length: 2 + Math.floor(i / 3) }, (__, t) => 3 + ((7 * i + 5 * t) % 90)),
);
const batchOf = <E extends Encoded>(encode: (ids: Int32Array, index: number) => E): Batch<E> => ({
  length: 8,
  rows: texts.map((ids, index) => encode(Int32Array.from(ids), index)),
  count: 14,
});

type Upload<E extends Encoded, B> = (shards: readonly Batch<E>[]) => (shard: Batch<E>) => B;

/** Loss and gradients, by name, of a batch in so many shards. */
function slopes<E extends Encoded, B extends Weighted>(
  learner: Learner<B>,
  { variables, constants }: Own,
  [batch, upload_]: readonly [Batch<E>, Upload<E, B>],
  shards: number,
): Readonly<Record<string, readonly number[]>> {
  const cut = shardsIn(batch, shards);
  const given = cut.map(upload_(cut));
  const draw = { seed: upload(new Int32Array([1, 2000]), [2]), share: tf.scalar(1) };
  const found = tf.tidy(() => {
    const { loss, gradients } = learner.gradients(variables, constants, given, draw);
    return { ...gradients, loss } as unknown as tf.TensorContainer;
  }) as unknown as Tensors;
  const numbers = values(found);
  disposeTree([given, draw, found]);
  return numbers;
}

function demandEqual(whole: ReturnType<typeof slopes>, parts: ReturnType<typeof slopes>, bar = 2e-5): void {
  for (const [name, one] of Object.entries(whole)) {
    const scale = Math.max(1e-2, ...one.map(Math.abs));
    one.forEach((value, i) => {
      expect(Math.abs(value - (parts[name]?.[i] ?? NaN)) / scale, name).toBeLessThan(bar);
    });
  }
}

/** The learner of an architecture under a method, with the batch as it reads it. */
function caseOf(
  family: string,
  written: string,
): { readonly own: Own; readonly slopes: (shards: number) => ReturnType<typeof slopes> } {
  const method = parseMethod(written);
  const { model } = benchOf(family);
  const delta = moved(benchOf(family), written);
  const prompt = promptLength(method);
  const { encoderLayers, decoderLayers } = model.shape;
  if (decoderLayers === 0) {
    const own = { variables: { ...delta.variables, ...newHead() }, constants: delta.constants };
    const labels = {
      of: () => 0,
      none: 0,
      each: 1,
      upload: (all: readonly number[]) => upload(Int32Array.from(all), [all.length]),
    };
    const { uploader } = labelledBatching(undefined as never, 8, labels, { prompt });
    const batch = batchOf((ids, index): EncodedText<number> => ({
      ...{ index, ids, typeIds: new Int32Array(ids.length), label: index % 3 },
    }));
    return { own, slopes: (n) => slopes(classifierOf(model, method, dropping), own, [batch, uploader], n) };
  }
  const own = { variables: delta.variables, constants: delta.constants };
  const learner = generatorOf(model, method, dropping);
  if (encoderLayers === 0) {
    const batch = batchOf((whole, index): EncodedLine => ({
      ...{ index, ids: whole.subarray(0, -1), whole, from: 1, shown: '' },
      types: new Int32Array(whole.length),
    }));
    return { own, slopes: (n) => slopes(learner, own, [batch, (all) => lineUploader(all, prompt)], n) };
  }
  const batch = batchOf((ids, index): EncodedPair => ({
    ...{ index, ids, start: 2, shown: '', target: ids.slice().reverse() },
  }));
  return { own, slopes: (n) => slopes(learner, own, [batch, (all) => pairUploader(all, prompt)], n) };
}

/** A decoder has no gates by sequence. */
const able = cells(kinds).filter(([family, written]) => family === 'bert' || !/^unipelt(?!.*gate=token)/.test(written));

describe('a batch in two shards has the gradients of the whole, dropout included', () => {
  it.each(able)('%s, %s', (family, written) => {
    const { own, slopes: found } = caseOf(family, written);
    demandEqual(found(1), found(2));
    disposeTree(own);
  });
});

describe('shards', () => {
  it('are as many as threads, of eight sequences at least, whose quarters are a quarter of the batch', () => {
    expect([1, 2, 3, 4, 16].map((threads) => shardsOf(32, threads))).toEqual([1, 2, 2, 4, 4]);
    expect([8, 12, 16, 20, 24, 48].map((sequences) => shardsOf(sequences, 4))).toEqual([1, 1, 2, 1, 3, 4]);
    expect([1, 2, 4].map((n) => opThreads(n, 4))).toEqual([undefined, 2, 1]);
    expect([1, 2, 16].map((n) => opThreads(n, 64))).toEqual([16, 16, 4]);
  });

  it('hold every row once, and about as many tokens', () => {
    const batch = batchOf((ids, index): Encoded => ({ index, ids }));
    const [one, two] = shardsIn(batch, 2) as [Batch, Batch];
    const rows = [one, two].map((shard) => shard.rows.map(({ index }) => index));
    expect(rows).toEqual([
      [0, 3, 4, 7, 8, 11, 12, 15],
      [1, 2, 5, 6, 9, 10, 13, 14],
    ]);
    expect([one, two].map((shard) => shard.of?.order)).toEqual(rows);
    expect([one.count, two.count]).toEqual([7, 7]);
    const tokens = [one, two].map((shard) => shard.rows.reduce((sum, { ids }) => sum + ids.length, 0));
    expect(Math.abs((tokens[0] ?? 0) - (tokens[1] ?? 0))).toBeLessThan(2);
    expect(shardsIn(batch, 1)).toEqual([batch]);
  });

  it('of one program run side by side and give what each gives alone', () => {
    const { own, slopes: found } = caseOf('bert', 'lora:r=2');
    expect(Object.keys(found(2)).length).toBeGreaterThan(4);
    const [a, b] = [tf.randomNormal([64, 64], 0, 1, 'float32', 1), tf.randomNormal([64, 64], 0, 1, 'float32', 2)];
    const step = (...given: tf.Tensor[]): tf.Tensor[] => given.map((x) => tf.softmax(tf.matMul(x, x, false, true)));
    const beside = compile(step, 'compiled', 'float32', (...given) => given.length);
    const alone = compile(step);
    const both = beside(a, b);
    [a, b].forEach((x, i) => {
      expect(Array.from(both[i]!.dataSync())).toEqual(Array.from(alone(x)[0]!.dataSync()));
    });
    expect([process.env.PETL_INTRAOP_THREADS, process.env.PETL_SHARDS]).toEqual([undefined, undefined]);
    beside.dispose();
    alone.dispose();
    disposeTree([own, a, b, both]);
  });
});
