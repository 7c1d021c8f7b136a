import { expect, it } from 'vitest';
import { tf, type Tensor } from '../engine/tf';
import { uploadBatch } from '../model/batch';
import { knownShapes, hasCrossAttention } from '../model/shapes';
import { nextTokens } from '../model/language';
import { packSequences, rowsNeeded, type Packing } from '../model/packing';
import type { ModelShape } from '../model/shape';
import type { SitePoint } from '../model/site';
import { decodeText, type TextPair } from '../model/decoder';
import { Generator } from '../model/generation/generate';
import type { Adaptation } from '../model/generation/reader';
import { greedy } from '../model/generation/settings';
import { adaptationOf } from '../petl/forms/adaptation';
import { collapse } from '../petl/forms/collapse';
import type { Delta } from '../petl/bank/delta';
import type { Method } from '../petl/design/types';
import { mhpa, prefix } from '../petl/design/methods';
import { promptLength, visitFor } from '../petl/forms/modify';
import { furthest, packedBatch, tensor, unified, type AttentionCase, type Stored } from '../petl/testing/fixtures';
import { benchOf, gap, moved, outputsOn, type Bench } from './testing/bench';
import { invariant } from './testing/catalogue';
import { architectures, cells, kinds, training } from './testing/matrix';

/** `[heads, T, dh]` as rows `[T, heads * dh]` */
const rowsOf = (stored: Stored): Tensor =>
  tf.tidy(() => {
    const [heads, rows, width] = stored.shape as [number, number, number];
    return tf.reshape(tf.transpose(tensor(stored), [1, 0, 2]), [rows, heads * width]);
  });

const rows = (x: Tensor): number[][] => x.arraySync() as number[][];

/** What a method makes of the attention's output, at `encoder.0.attn.heads`. */
function atHeads(method: Method, one: AttentionCase, names: readonly [string, string], transposed: boolean): Tensor {
  const shape: ModelShape = {
    ...(knownShapes['bert-base-uncased'] as ModelShape),
    encoderLayers: 1,
    heads: one.heads,
    keyValueHeads: one.keyValueHeads,
    headWidth: one.headWidth,
    width: one.heads * one.headWidth,
  };
  const keys = tensor(one.prefixKey);
  const tensors = {
    [`encoder.0.attn.heads.${names[0]}`]: transposed ? tf.transpose(keys) : keys,
    [`encoder.0.attn.heads.${names[1]}`]: tensor(one.prefixValue),
  };
  const mass = one.logMass.map((row) => row.map((value) => value ?? -1e9)); // what the model's mask makes of a query that sees nothing
  const point: SitePoint = {
    site: 'attn.heads',
    stack: 'encoder',
    layer: 0,
    input: rowsOf(one.query),
    output: rowsOf(one.attention),
    attention: {
      query: rowsOf(one.query),
      heads: one.heads,
      scale: one.scale,
      softCap: null,
      logMass: () => tf.transpose(tf.tensor2d(mass)),
    },
  };
  return visitFor(method, shape, tensors, { noise: undefined })(point);
}

// The fixtures are softmax over [P_k; K] in float64, under every kind of mask: see scripts/fixtures/unified.py.
invariant(34, () => {
  // rotary positions: `llama prefix` among the models of modify.test.ts, whose float64 softmax has the prefix keys
  // unrotated; cached steps: below
  it('under causal, padded and fully masked rows, cross-attention, grouped heads and relative bias', () => {
    for (const word of ['causal', 'padded', 'no query sees anything', 'cross', 'grouped', 'relative'])
      expect(
        unified.attention.some(({ name }) => name.includes(word)),
        word,
      ).toBe(true);
    expect(unified.models.some(({ family, name }) => family === 'llama' && name === 'prefix')).toBe(true);
  });

  it.each(unified.attention.map((one) => [one.name, one] as const))('%s', (_, one) => {
    const gated = atHeads(prefix({ l: 3 }), one, ['prefix.keys', 'prefix.values'], false);
    expect(furthest(rows(gated), rows(rowsOf(one.gated)))).toBeLessThan(1e-5);
    const plain = atHeads(prefix({ l: 3, gate: 'none' }), one, ['prefix.keys', 'prefix.values'], false);
    expect(furthest(rows(plain), rows(rowsOf(one.ungated)))).toBeLessThan(1e-5);
  });

  it.each(unified.attention.filter((one) => one.heads === one.keyValueHeads).map((one) => [one.name, one] as const))(
    'with ReLU for softmax and no gate it is the multi-head parallel adapter: %s',
    (_, one) => {
      const changed = atHeads(mhpa({ l: 3 }), one, ['bottleneck.down', 'bottleneck.up'], true);
      expect(furthest(rows(changed), rows(rowsOf(one.multiHeadScaled)))).toBeLessThan(1e-5);
    },
  );

  it.each(['gpt2', 'llama', 'bart', 't5'])('in cached steps of %s as in the whole text', async (family) => {
    const bench = benchOf(family);
    const delta = moved(bench, 'prefix:l=3', 2, 0.3);
    const steps: number[][] = [];
    const adaptation = adaptationOf(delta);
    const watched: Adaptation = {
      ...adaptation,
      apply: (frozen, tensors) => {
        const { frozen: own, forward } = adaptation.apply(frozen, tensors);
        return { frozen: own, forward: { ...forward, visit: (point) => noted(forward.visit(point), point, steps) } };
      },
    };
    const generator = new Generator(bench.model, watched, { engine: 'eager' });
    const [found] = await generator.generate([[5, 17, 42, 8]], {
      settings: { ...greedy, maxNewTokens: 4 },
      special: { end: [], pad: 1, start: 2, forcedFirst: null, forcedLast: null },
    });
    const text = family === 'gpt2' || family === 'llama' ? [5, 17, 42, 8] : [2];
    const all = [...text, ...(found?.tokens ?? []).slice(0, 3)];
    const whole: number[][] = [];
    const ones = (ids: readonly number[]) => packedBatch([ids], [ids.map(() => 1)]);
    tf.tidy(() => {
      const { frozen, forward } = adaptation.apply(bench.model, adaptation.tensors);
      const pair = text.length > 1 ? { target: ones(all) } : { source: ones([5, 17, 42, 8]), target: ones(all) };
      decodeText(frozen, pair, { ...forward, visit: (point) => noted(forward.visit(point), point, whole) });
    });
    const sites = whole.length; // one list of all rows for each site
    const width = (whole[0] as number[]).length / all.length;
    steps.slice(-3 * sites).forEach((row, i) => {
      const [site, position] = [i % sites, text.length + Math.floor(i / sites)];
      const expected = (whole[site] as number[]).slice(position * width, (position + 1) * width);
      expect(furthest([row.slice(0, width)], [expected])).toBeLessThan(1e-5);
    });
    expect(steps.length).toBeGreaterThanOrEqual(4 * sites);
    generator.dispose();
    delta.dispose();
  });

  /** Keeps what a prefix made of the last decoder layer's heads. */
  function noted(after: Tensor, { stack, layer, site }: SitePoint, into: number[][]): Tensor {
    if (stack === 'decoder' && layer === 1 && site.endsWith('.heads')) into.push(Array.from(after.dataSync()));
    return after;
  }
});

const texts = [
  [5, 17, 42, 8, 99],
  [60, 3, 98],
  [7, 21, 9, 55],
];
const targets = [
  [97, 9, 3],
  [8, 2],
  [11, 4, 6, 30],
];

/** Some of the texts, wherever they stand in the grid. */
function pairOf(
  shape: ModelShape,
  chosen: readonly number[],
  prompt: number,
  how: Pick<Packing, 'align'> & { readonly extra: number },
): TextPair {
  const pack = (all: readonly (readonly number[])[], slots: number) => {
    const sequences = chosen.map((i) => all[i] as readonly number[]).map((ids) => ({ ids, types: ids.map(() => 0) }));
    const lengths = sequences.map(({ ids }) => ids.length + slots);
    const length = Math.max(...lengths) + how.extra;
    return uploadBatch(
      packSequences(sequences, {
        lengths: [length],
        size: rowsNeeded(lengths, [length]),
        prompt: slots,
        ...(how.align && { align: how.align }),
      }),
    );
  };
  return hasCrossAttention(shape)
    ? { source: pack(texts, prompt), target: pack(targets, 0) }
    : { target: pack(texts, prompt) };
}

/** What the model computes of text `i`, whatever else is in the batch. */
function alone(bench: Bench, delta: Delta, pair: TextPair, place: number): number[][] {
  return tf.tidy(() => {
    const all = outputsOn(bench, delta, delta.variables, pair).arraySync() as number[][];
    const owners = pair.target.sequences.dataSync();
    return all.filter((_, row) => owners[row] === place) as unknown as tf.TensorContainer;
  }) as unknown as number[][];
}

invariant(35, () => {
  it.each(cells(kinds))('%s, %s: a text alone, among others, padded left or right', (family, written) => {
    const bench = benchOf(family);
    const delta = moved(bench, written, 3, 0.2);
    const length = promptLength(delta.method);
    const of = (chosen: readonly number[], how: Parameters<typeof pairOf>[3]): TextPair =>
      pairOf(bench.model.shape, chosen, length, how);
    const expected = alone(bench, delta, of([1], { extra: 0 }), 0);
    for (const how of [{ extra: 2 }, { extra: 2, align: 'end' }] as const) {
      const found = alone(bench, delta, of([0, 1, 2], how), 1);
      expect(found.length).toBe(expected.length);
      expect(furthest(found, expected)).toBeLessThan(5e-5);
    }
    delta.dispose();
  });

  it.each([0, 3])('labels stand behind the token before them, with a prompt of %i', (prompt) => {
    const sequences = [
      { ids: [5, 6, 7, 8], from: 2 },
      { ids: [9, 10], from: 1 },
    ];
    const packed = packSequences(
      sequences.map(({ ids }) => ({ ids: ids.slice(0, -1), types: ids.map(() => 0) })),
      { lengths: [3 + prompt], size: 4 + 2 * prompt + 1, prompt },
    );
    const { rows: at, labels, weights } = nextTokens(sequences, packed, 4);
    expect(Array.from(labels)).toEqual([7, 8, 10, 0]);
    expect(Array.from(weights)).toEqual([1, 1, 1, 0]);
    expect(Array.from(at.slice(0, 3), (row) => packed.ids[row])).toEqual([6, 7, 9]);
    expect(Array.from(at.slice(0, 3), (row) => packed.prompts[row])).toEqual([-1, -1, -1]);
    expect(Array.from(at.slice(0, 3), (row) => packed.positions[row])).toEqual([1, 2, 0]); // prompts take no position of the text's
  });
});

invariant(37, () => {
  it.each(
    cells(
      undefined,
      training.filter((written) => written.includes('mlp=')),
    ),
  )('%s, %s', (family, written) => {
    const bench = benchOf(family);
    const delta = moved(bench, written, 3, 0.3);
    const { method, tensors } = collapse(delta.method, bench.model.shape, { ...delta.constants, ...delta.variables });
    expect(Object.keys(tensors).some((name) => name.includes('mlp'))).toBe(false);
    expect(
      gap(
        () => bench.outputs({ method, shape: delta.shape, constants: {}, variables: tensors }),
        () => bench.outputs(delta),
      ),
    ).toBeLessThan(1e-5);
    tf.dispose(tensors);
    delta.dispose();
  });
});

/** Everything that the model shows in one pass, by place. */
function shown(bench: Bench, delta: Delta | undefined): ReadonlyMap<string, Float32Array> {
  const values = new Map<string, Float32Array>();
  const own =
    delta === undefined ? undefined : visitFor(delta.method, bench.model.shape, delta.variables, { noise: undefined });
  const visit = (point: SitePoint): Tensor => {
    const after = own?.(point) ?? point.output;
    values.set(`${point.stack}.${point.layer}.${point.site}`, after.dataSync().slice() as Float32Array);
    return after;
  };
  tf.dispose(bench.run(bench.model, { visit }));
  return values;
}

const firstChanges = [
  ['encoder', 'attn.heads', 'encoder.0.attn.heads'],
  ['decoder', 'attn.heads', 'decoder.0.attn.heads'],
  ['decoder', 'cross.heads', 'decoder.0.cross.heads'],
] as const;

invariant(38, () => {
  it.each(
    architectures
      .filter((family) => ['bart', 'mbart', 't5', 't5-v1-1'].includes(family))
      .flatMap((family) => firstChanges.map((place) => [family, ...place] as const)),
  )("%s, prefixes of the %s's %s", (family, stack, site, first) => {
    const bench = benchOf(family);
    const delta = moved(bench, `point:site=${site},form=prefix,l=3,stacks=${stack}`, 2, 0.3);
    const [base, changed] = [shown(bench, undefined), shown(bench, delta)];
    const order = [...base.keys()]; // the encoder's places in the order of computing, then the decoder's
    const from = order.indexOf(first);
    const same = (place: string): boolean =>
      base.get(place)?.every((value, i) => value === changed.get(place)?.[i]) ?? false;
    expect(order.slice(0, from).filter((place) => !same(place) && !behind(place, first))).toEqual([]);
    expect(same(first)).toBe(false);
    expect(same('decoder.1.block')).toBe(false);
    if (stack === 'decoder') expect(order.filter((place) => place.startsWith('encoder')).every(same)).toBe(true);
    delta.dispose();
  });

  /** Cross-attention's keys and values may be computed before the decoder runs: they follow the encoder alone. */
  const behind = (place: string, first: string): boolean =>
    first.startsWith('encoder') && /cross\.(key|value)/.test(place);
});
