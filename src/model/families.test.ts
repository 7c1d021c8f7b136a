import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compile } from '../engine/compile';
import { gatherRows, linear, matmul, relu } from '../engine/layers';
import { upload } from '../engine/memory';
import { tf, type Tensor, type Tensors } from '../engine/tf';
import { disposeTree } from '../engine/tree';
import { loadBackbone, type Backbone } from './backbone';
import type { Batch } from './batch';
import { decode, decodeText, vocabularyLogits, type TextPair } from './decoder';
import { encode, plainForward, type Forward } from './encoder';
import {
  batchOf,
  difference,
  expectedOf,
  families,
  folderOf,
  pairOf,
  tensorsOf,
  type AdapterCase,
  type Case,
  type Rows,
} from './fixtures/tiny';
import { classify, crossEntropy, meanPool } from './heads';
import { languageLosses, nextTokens, type LanguageBatch } from './language';
import { packSequences } from './packing';
import type { SitePoint, Visit } from './site';

describe.each(families)('tiny %s', (family) => {
  const { cases } = expectedOf(family);
  let model: Backbone;
  beforeAll(() => {
    model = loadBackbone(folderOf(family));
  });
  afterAll(() => {
    model.dispose();
  });

  /** Hidden states of every layer by stack, and logits. */
  function states(pair: TextPair): { hidden: Record<string, Tensor>; logits: Tensor[] } {
    const hidden: Record<string, Tensor> = {};
    const visit = ({ site, stack, layer, output }: SitePoint): Tensor => {
      if (site === 'embedding') hidden[`${stack}.0`] = output;
      if (site === 'block') hidden[`${stack}.${layer + 1}`] = output;
      return output;
    };
    const forward: Forward = { ...plainForward, visit };
    const classifier = model.shape.decoderLayers === 0;
    const last = classifier ? encode(model, pair.target, forward) : decodeText(model, pair, forward);
    hidden[classifier ? 'encoder.2' : 'decoder.2'] = last;
    return { hidden, logits: classifier ? [] : [vocabularyLogits(model, last)] };
  }

  it.each(
    cases.flatMap(
      (test) =>
        [
          [test.name, 'start', test],
          [test.name, 'end', test],
        ] as const,
    ),
  )('equals transformers, padding %s, grid aligned at its %s', (_, align, test) => {
    const pair = pairOf(test, align);
    const run = compile((input: TextPair) => states(input), 'compiled');
    const { hidden, logits } = run(pair);
    for (const stack of ['encoder', 'decoder'] as const) {
      test.hidden[stack]?.forEach((rows, layer) => {
        // the encoder's own final norm shows in what the decoder makes of it
        if (stack === 'encoder' && layer === 2 && model.shape.norm.final) return;
        expect(difference(hidden[`${stack}.${layer}`], rows), `${stack} layer ${layer}`).toBeLessThan(2e-5);
      });
    }
    if (test.logits !== undefined) expect(difference(logits[0], test.logits)).toBeLessThan(2e-5);
    run.dispose();
    disposeTree([hidden, logits, pair]);
  });

  it('reads one row a sequence as it reads all', () => {
    const batch = batchOf((cases[0] as Case).ids, (cases[0] as Case).mask);
    const source = model.shape.encoderLayers > 0 ? encode : decode;
    for (const read of source === encode ? (['first', 'last'] as const) : (['last'] as const)) {
      const few = compile((input: Batch) => source(model, input, { ...plainForward, read }))(batch);
      const all = tf.tidy(() => gatherRows(source(model, batch, plainForward), batch[read]));
      expect(difference(few, all.arraySync() as number[][])).toBeLessThan(1e-5);
      tf.dispose([few, all]);
    }
    disposeTree(batch);
  });

  it('takes word vectors in place of ids, as the model would have scaled them', () => {
    const pair = pairOf(cases[0] as Case);
    const read = pair.source ?? pair.target;
    const blank = { ...read, ids: tf.zerosLike(read.ids) };
    const without = pair.source === undefined ? { target: blank } : { source: blank, target: pair.target };
    const run = (given: TextPair, forward: Forward): Tensor =>
      model.shape.decoderLayers === 0 ? encode(model, given.target, forward) : decodeText(model, given, forward);
    const words = tf.mul(
      tf.gather(model.weights['embedding.word'] as Tensor, read.ids as tf.Tensor1D),
      model.shape.embeddingScale,
    );
    const [own, given, other] = tf.tidy(() => [
      run(pair, plainForward),
      run(without, { ...plainForward, words }),
      run(without, plainForward),
    ]) as [Tensor, Tensor, Tensor];
    expect(difference(given, own.arraySync() as number[][])).toBe(0);
    expect(difference(other, own.arraySync() as number[][])).toBeGreaterThan(1e-3);
    disposeTree([own, given, other, words, blank.ids, pair]);
  });

  const { adapter } = expectedOf(family);

  /**
   * LoRA on query and value projections, a sequential adapter on the FFN output: what scripts/fixtures/hooked.py hooks
   * in.
   */
  const visitOf =
    (weights: Tensors): Visit =>
    ({ site, stack, layer, input, output }) => {
      const own = (part: string): Tensor | undefined => weights[`${stack}.${layer}.${site}.${part}`];
      const [down, up, downBias, upBias] = [own('down'), own('up'), own('downBias'), own('upBias')];
      if (down === undefined || up === undefined) return output;
      if (downBias === undefined) return tf.add(output, tf.mul(matmul(matmul(input, down), up), adapter.scale));
      return tf.add(output, linear(relu(linear(output, down, downBias)), up, upBias));
    };

  it('adapter: hidden states, loss and gradients equal', () => {
    const weights = tensorsOf(adapter.weights);
    const names = Object.keys(weights);
    const test = cases.find((c) => c.name === 'right') as Case;
    const batch = batchFor(test, adapter);
    const head = tensorsOf(
      adapter.head === null ? {} : { 'head.weight': adapter.head.weight, 'head.bias': adapter.head.bias },
    );
    const lossOf = (own: Tensors, given: typeof batch): Tensor => {
      const forward = { ...plainForward, visit: visitOf(own) };
      if (adapter.head === null) return tf.mean(languageLosses(model, given, forward, 0));
      return tf.mean(
        crossEntropy(
          classify(meanPool(encode(model, given.target, forward), given.target), head, 0, undefined),
          given.labels,
          0,
        ),
      );
    };
    const run = compile((own: Tensors, given: typeof batch) => {
      const { value, grads } = tf.valueAndGrads(
        (...list: Tensor[]) =>
          lossOf(Object.fromEntries(names.map((n, i) => [n, list[i] as Tensor])), given) as tf.Scalar,
      )(Object.values(own));
      const forward = { ...plainForward, visit: visitOf(own) };
      const last = adapter.head === null ? decodeText(model, given, forward) : encode(model, given.target, forward);
      return { value, grads, last };
    });
    const { value, grads, last } = run(weights, batch);
    expect(Math.abs((value.dataSync()[0] as number) - adapter.loss)).toBeLessThan(2e-5);
    expect(difference(last, (adapter.lastHidden.decoder ?? adapter.lastHidden.encoder) as Rows)).toBeLessThan(2e-5);
    names.forEach((name, i) => {
      const expected = adapter.gradients[name]?.values ?? [];
      const actual = (grads[i] as Tensor).dataSync();
      expect(Math.max(...expected.map((g, k) => Math.abs(g - (actual[k] as number)))), name).toBeLessThan(1e-4);
    });
    run.dispose();
    tf.dispose([weights, head, value, grads, last]);
  });
});

/** The first case with what the loss reads; a classifier's labels are one a sequence. */
function batchFor(test: Case, { targets, head }: AdapterCase): LanguageBatch {
  if (head !== null) {
    const labels = targets as readonly number[];
    return {
      target: batchOf(test.ids, test.mask),
      rows: upload(new Int32Array(1), [1]),
      labels: upload(Int32Array.from(labels), [labels.length]),
      weights: upload(new Float32Array(1), [1]),
    };
  }
  const pair = pairOf(test);
  const ids = test.decoderIds ?? test.ids;
  const mask = test.decoderMask ?? test.mask;
  // targets[b][t] is the token after position t, -100 where none is learned; packed rows hold the last token too
  const flat = (targets as Rows).flatMap((row, b) => row.filter((_, t) => mask[b]?.[t] === 1));
  const kept = flat.map((label, row) => ({ label, row })).filter(({ label }) => label >= 0);
  expect(kept.map(({ label }) => label)).toEqual(
    ids.flatMap((row, b) => row.filter((_, t) => mask[b]?.[t] === 1).slice(1)),
  );
  return {
    ...pair,
    rows: upload(
      Int32Array.from(kept, ({ row }) => row),
      [kept.length],
    ),
    labels: upload(
      Int32Array.from(kept, ({ label }) => label),
      [kept.length],
    ),
    weights: upload(new Float32Array(kept.length).fill(1), [kept.length]),
  };
}

describe('next-token targets', () => {
  it('point at the row before each token that is learned', () => {
    const texts = [
      { ids: [5, 6, 7, 8], from: 2 },
      { ids: [9, 10], from: 1 },
    ];
    const inputs = texts.map(({ ids }) => ({ ids: ids.slice(0, -1), types: [] }));
    // rows: p p 5 6 7 | p p 9
    const { rows, labels, weights } = nextTokens(texts, packSequences(inputs, { lengths: [5], size: 9, prompt: 2 }), 4);
    expect([...rows]).toEqual([3, 4, 7, 0]);
    // every grid position a row: p p 5 6 7 | p p 9 . .
    expect([...nextTokens(texts, packSequences(inputs, { lengths: [5], size: 10, prompt: 2 }), 3).rows]).toEqual([
      3, 4, 7,
    ]);
    expect([...labels]).toEqual([7, 8, 10, 0]);
    expect([...weights]).toEqual([1, 1, 1, 0]);
  });

  it('refuse too small a size', () => {
    expect(() => nextTokens([{ ids: [1, 2, 3], from: 1 }], { first: new Int32Array(1) }, 1)).toThrow(
      /2 targets do not fit 1/,
    );
  });
});
