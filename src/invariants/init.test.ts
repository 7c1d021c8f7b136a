import { expect, it } from 'vitest';
import { tf, type Tensor } from '../engine/tf';
import { untouched, type SitePoint } from '../model/site';
import { knownShapes, stacksOf } from '../model/shapes';
import type { ModelShape } from '../model/shape';
import { Bank } from '../petl/bank/bank';
import { createDelta, type Delta } from '../petl/bank/delta';
import { drawInit } from '../petl/forms/init';
import { visitFor } from '../petl/forms/modify';
import { perturbed } from '../petl/testing/tiny';
import { variablesOf } from '../petl/forms/variables';
import { parseMethod } from '../petl/design/written';
import { benchOf, gap, type Bench } from './testing/bench';
import { invariant } from './testing/catalogue';
import { cells, kinds } from './testing/matrix';

invariant(1, () => {
  it.each(cells())('%s, %s', (family, written) => {
    const { model, run } = benchOf(family);
    const bank = new Bank(model.shape);
    bank.add('a', createDelta(parseMethod(written), model.shape, model.weights, 1));
    const { visit, weights, prompt } = bank.apply(model.weights, { noise: undefined });
    expect(prompt).toBeUndefined();
    expect(
      gap(
        () => run({ shape: model.shape, weights }, { visit }),
        () => run(model, {}),
      ),
    ).toBe(0);
    bank.dispose();
  });
});

/**
 * The frozen model, run in the pieces that a method's visit leaves: unwatched layers may run fused, which rounds
 * otherwise.
 */
function base({ model, run }: Bench, delta: Delta): Tensor {
  const { sites } = visitFor(
    delta.method,
    model.shape,
    { ...delta.variables, ...delta.constants },
    { noise: undefined },
  );
  return run(model, {
    visit: sites === undefined ? untouched : Object.assign((point: SitePoint) => point.output, { sites }),
  });
}

/**
 * Methods whose start is the frozen model itself; the others start near it, or, with vectors of their own in front of
 * the text, beside its keys or upon its embeddings, or behind a norm that makes them large, far from it.
 */
const exact =
  /^(full|bitfit|tokens|layernorm|top|lora|lora-ffn|rslora|lora-fa|dora|pissa|vera|adalora|ia3|pa-ffn:r=\d+,s=(learned|channel|\d+)|twice:r=\d+,words=kept)/;
const far = /^((id-)?prompt|prefix|p-tuning-v2|mam|unipelt|segments|layernorm\+lora|twice:r=\d+$)|norm=out/;
const startOf = (written: string): 'exact' | 'near' | 'far' =>
  far.test(written) && !written.includes('gate=none') ? 'far' : exact.test(written) ? 'exact' : 'near';

invariant(2, () => {
  it.each(cells(kinds).filter(([, written]) => !/^(id-)?prompt/.test(written)))('%s, %s', (family, written) => {
    const bench = benchOf(family);
    const delta = createDelta(parseMethod(written), bench.model.shape, bench.model.weights, 11);
    const size = tf.tidy(() => tf.max(tf.abs(base(bench, delta))).dataSync()[0] as number);
    const distance =
      gap(
        () => bench.outputs(delta),
        () => base(bench, delta),
      ) / size;
    const start = startOf(written);
    if (start === 'exact') expect(distance).toBe(0);
    if (start === 'near') {
      expect(distance).toBeGreaterThan(0);
      expect(distance).toBeLessThan(0.1);
    }
    if (start === 'far') expect(distance).toBeGreaterThan(1e-3);
    delta.dispose();
  });

  it('the further, the wider the start', () => {
    const bench = benchOf('bert');
    const [small, large] = ['houlsby:m=16,std=0.001', 'houlsby:m=16'].map((written) => {
      const delta = createDelta(parseMethod(written), bench.model.shape, bench.model.weights, 11);
      const distance = gap(
        () => bench.outputs(delta),
        () => base(bench, delta),
      );
      delta.dispose();
      return distance;
    }) as [number, number];
    expect(small).toBeLessThan(large / 20);
  });
});

invariant(3, () => {
  it.each(cells(kinds))('%s, %s', (family, written) => {
    const bench = benchOf(family);
    const delta = createDelta(parseMethod(written), bench.model.shape, bench.model.weights, 11);
    const moved = perturbed(delta.variables, 0.2, 3);
    const { prompt } = delta.method;
    if (prompt.kind === 'none')
      expect(
        gap(
          () => bench.outputs(delta, moved),
          () => base(bench, delta),
        ),
      ).toBeGreaterThan(1e-3);
    else
      expect(
        gap(
          () => bench.outputs(delta, moved),
          () => bench.outputs(delta),
        ),
      ).toBeGreaterThan(1e-3);
    delta.dispose();
    tf.dispose(moved);
  });
});

interface Stats {
  readonly mean: number;
  readonly std: number;
  readonly top: number;
}

function stats(values: Float32Array): Stats {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return {
    mean,
    std: Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length),
    top: values.reduce((a, b) => Math.max(a, Math.abs(b)), 0),
  };
}

/**
 * Of a tensor with thousands of elements: the standard deviation, and the largest value where the distribution ends.
 */
const sources: readonly (readonly [written: string, part: RegExp, std: number, top: number | undefined])[] = [
  ['lora:r=8', /down$/, 1 / Math.sqrt(3 * 768), 1 / Math.sqrt(768)],
  ['lora:r=8', /up$/, 0, 0],
  ['dora:r=8', /down$/, 1 / Math.sqrt(3 * 768), 1 / Math.sqrt(768)],
  ['pa-ffn:r=64,s=4', /down$/, 1 / Math.sqrt(3 * 768), 1 / Math.sqrt(768)],
  ['pa-ffn:r=64,s=4', /up$/, 0, 0],
  ['houlsby:m=64', /(down|up)$/, 0.01 * 0.8796, 0.02],
  ['houlsby:m=64,std=0.001', /(down|up)$/, 0.001 * 0.8796, 0.002],
  ['houlsby:m=64', /bias$/, 0, 0],
  ['pfeiffer:r=64', /(down|up)$/, 0.02, undefined],
  ['prefix:l=30', /(keys|values)$/, 0.02, undefined],
  ['prefix:l=30,mlp=64', /embedding$/, 1, undefined],
  ['prefix:l=30,mlp=64', /hidden\.weight$/, 1 / Math.sqrt(3 * 768), 1 / Math.sqrt(768)],
  ['prompt:l=30', /prompt$/, 0.02, undefined],
  ['mhpa:l=30', /(down|up)$/, 0.02, undefined],
  ['adalora:r=8', /(down|up)$/, 0.02, undefined],
  ['adalora:r=8', /singular$/, 0, 0],
  ['vera:r=64', /outer$/, 0, 0],
  ['compacter:r=48', /rule\.4$/, 1e-4, undefined],
  ['compacter:r=48', /down\.left$/, Math.sqrt(2 / (768 / 4 + 1)), Math.sqrt(6 / (768 / 4 + 1))],
  ['unipelt:l=10,r=8,m=48', /gate\.weight$/, 0.02, undefined],
  ['unipelt:l=10,r=8,m=48', /gate\.bias$/, 0, 0],
];

invariant(4, () => {
  const shape = knownShapes['bert-base-uncased'] as ModelShape;
  it.each(sources)('%s: %s has deviation %f', (written, part, std, top) => {
    const found = variablesOf(parseMethod(written), shape).filter(({ name }) => part.test(name));
    expect(found.length).toBeGreaterThan(0);
    const all = found
      .slice(0, 24)
      .flatMap(({ name, shape: size, init }) =>
        Array.from(drawInit(init as Parameters<typeof drawInit>[0], size, 7, name)),
      );
    const { mean, std: own, top: highest } = stats(Float32Array.from(all));
    const count = all.length;
    expect(Math.abs(mean)).toBeLessThanOrEqual((5 * std) / Math.sqrt(count));
    expect(Math.abs(own - std)).toBeLessThanOrEqual((5 * std) / Math.sqrt(2 * count) + 1e-9);
    if (top !== undefined) expect(highest).toBeLessThanOrEqual(top * (1 + 1e-6));
    if (top !== undefined && top > 0 && count > 5000) expect(highest).toBeGreaterThan(top * 0.99);
  });

  it.each([
    ['vera:r=8', 'inner', 0.1],
    ['ia3', 'factor', 1],
    ['pa-ffn:r=8,s=learned', 'scale', 1],
    ['sa-attn:r=8', 'norm.gain', 1],
  ] as const)('%s: %s starts at %f', (written, part, value) => {
    const specs = variablesOf(parseMethod(written), shape).filter(({ name }) => name.endsWith(part));
    expect(specs.length).toBeGreaterThan(0);
    for (const { init } of specs) expect(init).toEqual({ kind: 'constant', value });
  });

  it.each(kinds)('PiSSA, DoRA and copied weights on %s start at what the frozen weights say', (family) => {
    const { model } = benchOf(family);
    const delta = createDelta(parseMethod('pissa:r=4+dora:r=4+layernorm'), model.shape, model.weights, 1);
    const name = `${stacksOf(model.shape)[0] ?? ''}.0.attn.query`;
    const weight = model.weights[`${name}.weight`] as Tensor;
    const [left, norms] = tf.tidy(() => {
      const product = tf.matMul(
        delta.variables[`${name}.bottleneck.down`] as Tensor,
        delta.variables[`${name}.bottleneck.up`] as Tensor,
      );
      const residual = tf.norm(tf.sub(weight, product)).dataSync()[0] as number;
      const gram = tf.sqrt(tf.sum(tf.square(weight), 0));
      return [
        residual / (tf.norm(weight).dataSync()[0] as number),
        tf.max(tf.abs(tf.sub(gram, delta.variables[`${name}.bottleneck2.magnitude`] as Tensor))).dataSync()[0],
      ] as unknown as tf.TensorContainer;
    }) as unknown as [number, number];
    expect(left).toBeGreaterThan(0.3); // a random matrix keeps much of itself beyond its top four directions
    expect(left).toBeLessThan(0.9);
    expect(norms).toBeLessThan(1e-6);
    delta.dispose();
  });
});

invariant(5, () => {
  it.each([
    ['lora:r=8', 4],
    ['lora:r=16', 2],
    ['lora:r=8,s=3', 3],
    ['rslora:r=16', 8],
    ['rslora:r=4', 16],
    ['dora:r=8', 4],
    ['unipelt:l=2,r=8,m=4', 4],
    ['pissa:r=4', 1],
  ] as const)('%s has s = %f', (written, s) => {
    const scales = parseMethod(written)
      .modifications.filter(({ form }) => form.kind === 'bottleneck' && form.activation === 'identity')
      .map(({ composition }) => {
        if (composition.kind === 'scaledAdd') return composition.scale.kind === 'fixed' ? composition.scale.value : NaN;
        return 'scale' in composition ? composition.scale : NaN;
      });
    expect(scales.length).toBeGreaterThan(0);
    expect(new Set(scales)).toEqual(new Set([s]));
  });

  it.each(
    cells(kinds, ['lora:r=2', 'lora-ffn:r=2', 'pa-ffn:r=4', 'sa-ffn:r=4', 'pa-attn:r=4', 'vera:r=4', 'pissa:r=2']),
  )('%s, %s: s times the change is the change of s times its last matrix', (family, written) => {
    const bench = benchOf(family);
    const at = (s: number): Delta => {
      const method = parseMethod(written);
      const modifications = method.modifications.map(
        (m) => ({ ...m, composition: { kind: 'scaledAdd', scale: { kind: 'fixed', value: s } } }) as typeof m,
      );
      return createDelta({ ...method, modifications }, bench.model.shape, bench.model.weights, 2);
    };
    const [one, three] = [at(1), at(3)];
    const values = perturbed(one.variables, 0.1, 1);
    const scaled = (tensors: typeof values): typeof values =>
      Object.fromEntries(
        Object.entries(tensors).map(([name, value]) => [
          name,
          /\.(up|up\.bias|outer)$/.test(name) ? tf.mul(value, 3) : value,
        ]),
      );
    const constants = (delta: Delta): Delta =>
      ({
        ...delta,
        method: delta.method,
        shape: delta.shape,
        constants: scaled(delta.constants),
        variables: values,
      }) as unknown as Delta;
    const starts = {
      ...constants(one),
      constants: Object.fromEntries(
        Object.entries(one.constants).map(([name, value]) => [
          name,
          name.endsWith('up.start') ? tf.mul(value, 3) : value,
        ]),
      ),
    } as unknown as Delta;
    expect(
      gap(
        () => bench.outputs(starts, scaled(values)),
        () => bench.outputs(three, values),
      ),
    ).toBeLessThan(2e-5);
    expect(
      gap(
        () => bench.outputs(three, values),
        () => bench.outputs(one, values),
      ),
    ).toBeGreaterThan(1e-4);
    for (const delta of [one, three]) delta.dispose();
  });

  it.each(kinds)('a scale for some layers alone, and learned ones that start at theirs, on %s', (family) => {
    const bench = benchOf(family);
    const lora = (layer: number, s: number): string =>
      `point:site=ffn.up,form=identity,r=2,init=lora,bias=no,s=${s},layers=${layer}`;
    const delta = createDelta(parseMethod(`${lora(0, 2)}+${lora(1, 5)}`), bench.model.shape, bench.model.weights, 2);
    const both = createDelta(parseMethod('lora-ffn:r=2,s=1'), bench.model.shape, bench.model.weights, 2);
    expect(Object.keys(delta.variables).length).toBe(2 * 2 * stacksOf(bench.model.shape).length);
    const [fixed, learned, channel] = [
      'pa-ffn:r=4,s=2',
      'point:site=ffn,form=relu,r=4,init=lora,s=learned,initial=2',
      'point:site=ffn,form=relu,r=4,init=lora,s=channel,initial=2',
    ].map((written) => createDelta(parseMethod(written), bench.model.shape, bench.model.weights, 2)) as [
      Delta,
      Delta,
      Delta,
    ];
    const values = perturbed(fixed.variables, 0.1, 1);
    for (const other of [learned, channel])
      expect(
        gap(
          () => bench.outputs(fixed, values),
          () => bench.outputs(other, { ...other.variables, ...values }),
        ),
      ).toBeLessThan(1e-6);
    for (const one of [delta, both, fixed, learned, channel]) one.dispose();
    tf.dispose(values);
  });
});
