import { expect, it } from 'vitest';
import { tf, type Tensor, type Tensors } from '../engine/tf';
import type { TextPair } from '../model/decoder';
import { hasCrossAttention, knownShapes, weightShapes } from '../model/shapes';
import { hasBiases, type ModelShape } from '../model/shape';
import { randomFrom } from '../random';
import { startState, stepScalars, adamW } from '../training/optimizer';
import { collapse } from '../petl/forms/collapse';
import { count } from '../petl/counts/count';
import { createDelta, type Delta } from '../petl/bank/delta';
import { promptLength } from '../petl/forms/modify';
import { unreachedTensors } from '../petl/counts/reach';
import { sizeOf } from '../petl/forms/spec';
import { packedBatch } from '../petl/testing/fixtures';
import { gradients, perturbed, probeLoss } from '../petl/testing/tiny';
import { unfrozenNames } from '../petl/forms/unfrozen';
import { specsOf, variablesOf } from '../petl/forms/variables';
import { families, parseMethod } from '../petl/design/written';
import { benchOf, moved, outputsOn, type Bench } from './testing/bench';
import { invariant } from './testing/catalogue';
import { cells, kinds } from './testing/matrix';

/** Ten texts as long as the position tables allow, of every word but the first few. */
function longTexts({ model }: Bench, prompt: number, seed: number): TextPair {
  const random = randomFrom(seed);
  const rows = (length: number): number[][] =>
    Array.from({ length: 10 }, () => Array.from({ length }, () => Math.floor(random() * 98) + 2));
  const batch = (ids: number[][], slots: number) =>
    packedBatch(
      ids,
      ids.map((row) => row.map(() => 1)),
      slots,
    );
  return hasCrossAttention(model.shape)
    ? { source: batch(rows(36), prompt), target: batch(rows(36), 0) }
    : { target: batch(rows(36), prompt) };
}

/** Tables are trained by the rows that a text has: no text has all. */
const isTable = (name: string): boolean =>
  /embedding\.(word|type|position|lookup\.rows)$|\.(position|relative)$/.test(name);

/** Elements of each trained tensor that had a gradient in some text. */
function reached(bench: Bench, delta: Delta): ReadonlyMap<string, number> {
  const seen = new Map<string, Uint8Array>();
  const missing = (): boolean => [...seen].some(([name, elements]) => !isTable(name) && elements.includes(0));
  for (let attempt = 0; attempt < 6 && (attempt === 0 || missing()); attempt++) {
    tf.tidy(() => {
      const text = longTexts(bench, promptLength(delta.method), attempt + 1);
      const found = gradients(
        (variables) => probeLoss(outputsOn(bench, delta, variables, text)),
        perturbed(delta.variables, 0.3, attempt),
      );
      for (const [name, gradient] of Object.entries(found)) {
        const elements = seen.get(name) ?? new Uint8Array((delta.variables[name] as Tensor).size);
        (gradient?.dataSync() ?? []).forEach((value, i) => {
          if (Math.abs(value) > 1e-4) elements[i] = 1;
        });
        seen.set(name, elements);
      }
    });
  }
  return new Map([...seen].map(([name, elements]) => [name, elements.reduce((a, b) => a + b, 0)]));
}

invariant(13, () => {
  it.each(cells(kinds))('%s, %s', (family, written) => {
    const bench = benchOf(family);
    const delta = createDelta(parseMethod(written), bench.model.shape, bench.model.weights, 4);
    const without = unreachedTensors(delta.method, bench.model.shape);
    const short = [...reached(bench, delta)].filter(
      ([name, elements]) =>
        !isTable(name) && elements !== (delta.variables[name] as Tensor).size - (without.get(name) ?? 0),
    );
    expect(short).toEqual([]);
    delta.dispose();
  });
});

invariant(14, () => {
  it.each(cells())('%s, %s', (family, written) => {
    const { model } = benchOf(family);
    const method = parseMethod(written);
    const delta = createDelta(method, model.shape, model.weights, 1);
    expect(Object.values(delta.variables).reduce((sum, { size }) => sum + size, 0)).toBe(
      count(method, model.shape).trained,
    );
    delta.dispose();
  });

  const more = [
    'prefix:l=3,mlp=7',
    'mam:l=2,r=3,mlp=5',
    'mhpa:l=3,query=normed',
    'pa-ffn:r=2,s=learned',
    'pa-attn:r=2,s=channel',
    'top:k=1+lora:r=3',
  ];
  const written = [...Object.values(families).map(({ example }) => example), ...more];
  const known = Object.keys(knownShapes)
    .flatMap((name) => written.map((text) => [name, text] as const))
    .filter(([name, text]) => text !== 'bitfit' || hasBiases(knownShapes[name] as ModelShape));
  it.each(known)('%s, %s, of the sizes that are published', (name, text) => {
    const shape = knownShapes[name] as ModelShape;
    const method = parseMethod(text);
    const weights = weightShapes(shape);
    const sizes = [
      ...variablesOf(method, shape).map((spec) => sizeOf(spec.shape)),
      ...unfrozenNames(method, shape).map((weight) => sizeOf(weights[weight] as readonly number[])),
    ];
    const { trained, used } = count(method, shape);
    expect(trained).toBe(sizes.reduce((a, b) => a + b, 0));
    expect(used).toBeLessThanOrEqual(trained);
    expect(new Set(specsOf(method, shape).map((spec) => spec.name)).size).toBe(specsOf(method, shape).length);
  });
});

invariant(15, () => {
  it.each(cells())('%s, %s', (family, written) => {
    const bench = benchOf(family);
    const { shape } = bench.model;
    const delta = moved(bench, written);
    const { trained, used, stored } = count(delta.method, shape);
    const collapsed = collapse(delta.method, shape, { ...delta.constants, ...delta.variables });
    expect(stored).toBe(Object.values(collapsed.tensors).reduce((sum, { size }) => sum + size, 0));
    expect(count(collapsed.method, shape).stored).toBe(stored);
    expect(trained - used).toBeGreaterThanOrEqual(
      [...unreachedTensors(delta.method, shape).values()].reduce((a, b) => a + b, 0),
    );
    if (/mlp=/.test(written)) expect(trained).not.toBe(stored);
    tf.dispose(collapsed.tensors);
    delta.dispose();
  });
});

const optimizer = { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0, clipNorm: 0 };

/** Mean squared distance to what the method computes with other values: there is a point where it is 0. */
function fitting(bench: Bench, delta: Delta, target: Tensor): (variables: Tensors) => tf.Scalar {
  return (variables) => tf.mean(tf.squaredDifference(bench.outputs(delta, variables), target)) as tf.Scalar;
}

invariant(18, () => {
  it.each([
    ...cells(['bert']),
    ...cells(kinds.slice(1), ['lora:r=4', 'houlsby:m=3', 'mam:l=3,r=4', 'ia3', 'prefix:l=3']),
  ])('%s, %s', (family, written) => {
    const bench = benchOf(family);
    const delta = moved(bench, written, 5, 0.02);
    const goal = perturbed(delta.variables, 0.05, 9);
    const target = bench.outputs(delta, goal);
    const loss = fitting(bench, delta, target);
    const at = (variables: Tensors): number => tf.tidy(() => loss(variables).dataSync()[0] as number);
    const first = at(delta.variables);
    let state = startState(
      Object.fromEntries(Object.entries(delta.variables).map(([name, value]) => [name, value.clone()])),
    );
    for (let step = 1; step <= 6; step++) {
      const next = tf.tidy(
        () =>
          adamW(
            state,
            gradients(loss, state.variables) as Tensors,
            tf.tensor1d(stepScalars(step, 0.01, optimizer)),
            optimizer,
          ) as unknown as tf.TensorContainer,
      ) as unknown as typeof state;
      tf.dispose(state);
      state = next;
    }
    expect(at(state.variables)).toBeLessThan(0.95 * first);
    tf.dispose([state, goal, target]);
    delta.dispose();
  });
});
