import { expect, it } from 'vitest';
import { upload } from '../engine/memory';
import { tf, type Tensor } from '../engine/tf';
import { disposeTree } from '../engine/tree';
import { tensorsHash } from '../model/fingerprint';
import { classifierOf } from '../training/classifier';
import type { Own } from '../training/learner';
import { adamW, clipFactor, scheduleFactor, startState, stepScalars } from '../training/optimizer';
import { count } from '../petl/counts/count';
import { demandHead } from '../petl/bank/guards';
import { perturbed } from '../petl/testing/tiny';
import { parseMethod } from '../petl/design/written';
import { benchOf, moved } from './testing/bench';
import { invariant } from './testing/catalogue';
import { cells, encoders } from './testing/matrix';
import { batchOf, fresh, newHead, optimizer, quiet, steps, values } from './testing/steps';

invariant(16, () => {
  it.each(cells(encoders, ['head', 'lora:r=2', 'prefix:l=2', 'houlsby:m=3', 'full']))('%s, %s', (family, written) => {
    const method = parseMethod(written);
    const { shape } = benchOf(family).model;
    const delta = fresh(family, written);
    const head = newHead();
    const start = values(head);
    expect(() => {
      demandHead(delta.variables, 3);
    }).toThrow(/head of 3 classes is not among the trained tensors/);
    const own = { ...delta.variables, ...head };
    expect(() => {
      demandHead(own, 3);
    }).not.toThrow();
    const { state } = steps([family, written], startState(own), delta.constants, [1, 2]);
    for (const name of ['head.weight', 'head.bias'])
      expect(Array.from((state.variables[name] as Tensor).dataSync())).not.toEqual(start[name]);
    expect([0, 2, 3].map((classes) => count(method, shape, classes).head)).toEqual([0, 66, 99]);
    expect(count(method, shape, 3).trained).toBe(count(method, shape, 0).trained);
    disposeTree([state, delta.constants]);
  });
});

/** Loss and gradients of batches, each with its share, added up. */
function accumulated(
  [family, written]: readonly [string, string],
  { variables, constants }: Own,
  batches: readonly (readonly number[])[],
  work: 'least' | 'all' = 'least',
): Readonly<Record<string, readonly number[]>> {
  const classifier = classifierOf(benchOf(family).model, parseMethod(written), quiet, { work });
  const total = batches.reduce((sum, chosen) => sum + chosen.length, 0);
  const parts = batches.map(
    (chosen) =>
      tf.tidy(() => {
        const draw = { seed: upload(new Int32Array([1, 2]), [2]), share: tf.scalar(chosen.length / total) };
        return values(
          classifier.gradients(variables, constants, [batchOf(written, chosen)], draw).gradients,
        ) as unknown as tf.TensorContainer;
      }) as unknown as ReturnType<typeof values>,
  );
  return Object.fromEntries(
    Object.keys(variables).map((name) => [
      name,
      (parts[0]?.[name] ?? []).map((_, i) => parts.reduce((sum, part) => sum + (part[name]?.[i] ?? NaN), 0)),
    ]),
  );
}

function expectClose(a: Readonly<Record<string, readonly number[]>>, b: typeof a, bar: number): void {
  for (const [name, one] of Object.entries(a)) {
    const scale = Math.max(1, ...one.map(Math.abs));
    one.forEach((value, i) => {
      expect(Math.abs(value - (b[name]?.[i] ?? NaN)) / scale, name).toBeLessThan(bar);
    });
  }
}

invariant(19, () => {
  it.each(cells(['bert']))('%s, %s', (family, written) => {
    const delta = moved(benchOf(family), written);
    const head = newHead();
    const own = { ...delta.variables, ...head };
    const of = (batches: readonly (readonly number[])[]) =>
      accumulated([family, written], { variables: own, constants: delta.constants }, batches);
    expectClose(of([[0], [1, 2, 3]]), of([[0, 1, 2, 3]]), 1e-5);
    disposeTree([own, delta.constants]);
  });
});

invariant(20, () => {
  it.each(cells(['bert', 'distilbert']))('%s, %s', (family, written) => {
    const delta = moved(benchOf(family), written);
    const own = { ...delta.variables, ...newHead() };
    const [least, all] = (['least', 'all'] as const).map((work) =>
      accumulated([family, written], { variables: own, constants: delta.constants }, [[0, 1, 2, 3]], work),
    ) as [ReturnType<typeof values>, ReturnType<typeof values>];
    expectClose(least, all, 2e-5);
    disposeTree([own, delta.constants]);
  });
});

invariant(21, () => {
  it.each(cells(encoders))('%s, %s', (family, written) => {
    const bench = benchOf(family);
    const before = tensorsHash(bench.model.weights);
    const delta = moved(bench, written);
    const constants = tensorsHash(delta.constants);
    const own = { ...delta.variables, ...newHead() };
    const gradient = perturbed(
      Object.fromEntries(Object.entries(own).map(([name, value]) => [name, tf.zerosLike(value)])),
      1,
      5,
    );
    const norm = Math.sqrt(
      Object.values(gradient).reduce(
        (sum, g) => sum + (g.dataSync() as Float32Array).reduce((a, b) => a + b * b, 0),
        0,
      ),
    );
    expect(clipFactor(Object.values(gradient), 0.5)?.dataSync()[0]).toBeCloseTo(0.5 / norm, 5);
    expect(clipFactor(Object.values(gradient), 2 * norm)?.dataSync()[0]).toBe(1);
    // without gradient a step is decay alone: of matrices, by rate x decay
    const still = Object.fromEntries(Object.entries(own).map(([name, value]) => [name, tf.zerosLike(value)]));
    const start = values(own);
    const next = adamW(startState(own), still, tf.tensor1d(stepScalars(1, 0.1, optimizer)), optimizer);
    expect(Object.keys(next.variables)).toEqual(Object.keys(own));
    for (const [name, value] of Object.entries(next.variables)) {
      const factor = value.rank > 1 ? 1 - 0.1 * optimizer.weightDecay : 1;
      value.dataSync().forEach((now, i) => {
        expect(Math.abs(now - factor * (start[name]?.[i] ?? NaN))).toBeLessThan(1e-6);
      });
    }
    expect(tensorsHash(bench.model.weights)).toBe(before);
    expect(tensorsHash(delta.constants)).toBe(constants);
    disposeTree([own, gradient, still, next.variables, delta.constants]);
  });

  it('the schedule is a factor on the rate, and a rate of 0 moves nothing', () => {
    expect([1, 2, 3, 6, 10].map((step) => scheduleFactor({ kind: 'linear', warmup: 0.2 }, step, 10))).toEqual([
      0, 0.5, 1, 0.625, 0.125,
    ]);
    expect(
      [1, 2, 3, 7, 11].map((step) => scheduleFactor({ kind: 'polynomial', warmup: 0.2, power: 2, end: 0.2 }, step, 10)),
    ).toEqual([0, 0.5, 1, 0.4, 0.2]);
    expect([1, 2, 3, 7].map((step) => scheduleFactor({ kind: 'cosine', warmup: 0.2 }, step, 10))).toEqual([
      0, 0.5, 1, 0.5,
    ]);
    expect([1, 2, 3, 7].map((step) => scheduleFactor({ kind: 'constant', warmup: 0.2 }, step, 10))).toEqual([
      0, 0.5, 1, 1,
    ]);
    const own = newHead();
    const start = values(own);
    const next = adamW(startState(own), own, tf.tensor1d(stepScalars(1, 0, optimizer)), optimizer);
    expect(values(next.variables)).toEqual(start);
  });
});
