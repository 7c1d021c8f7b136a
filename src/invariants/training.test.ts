import { expect, it } from 'vitest';
import { hoist } from '../engine/hoist';
import { live } from '../engine/memory';
import { record } from '../engine/record';
import { tf, type Tensor, type Tensors } from '../engine/tf';
import { tensorsHash } from '../model/fingerprint';
import type { Delta } from '../petl/bank/delta';
import { unreachedTensors } from '../petl/counts/reach';
import { gradients } from '../petl/testing/tiny';
import { benchOf, copied, moved, type Bench } from './testing/bench';
import { invariant } from './testing/catalogue';
import { cells, kinds, training } from './testing/matrix';

/** Matrix products of a compiled step that are as large as a frozen matrix, as its gradient would be. */
function weightGradients(bench: Bench, delta: Delta): number {
  const names = Object.keys(delta.variables);
  const named = (values: readonly Tensor[]): Tensors =>
    Object.fromEntries(names.map((name, i) => [name, values[i] as Tensor]));
  const recording = record(
    (values) => Object.values(gradients((variables) => bench.loss(delta, variables), named(values))) as Tensor[],
    Object.values(delta.variables),
  );
  const { graph, release } = hoist(recording);
  release();
  const shapes = new Set(
    Object.entries(bench.model.weights)
      .filter(([name, { rank }]) => rank === 2 && /^(encoder|decoder)\.\d/.test(name))
      .map(([, { shape }]) => shape.join()),
  );
  return graph.nodes.filter(({ op, shapes: made }) => /MatMul/.test(op) && shapes.has(made?.[0]?.join() ?? '')).length;
}

invariant(11, () => {
  it.each(cells(kinds))('%s, %s: every trained tensor has a gradient', (family, written) => {
    const bench = benchOf(family);
    const delta = moved(bench, written);
    const found = bench.slopes(delta);
    expect(Object.entries(found).filter(([, gradient]) => gradient === null)).toEqual([]);
    tf.dispose(Object.values(found) as Tensor[]);
    delta.dispose();
  });

  it.each(
    cells(
      kinds,
      training.filter((written) => !/^(full|top|dora)/.test(written)),
    ),
  )('%s, %s: none is computed for a frozen matrix', (family, written) => {
    const bench = benchOf(family);
    const delta = moved(bench, written);
    expect(weightGradients(bench, delta)).toBe(0);
    delta.dispose();
  });

  it.each(cells(kinds, ['full', 'top:k=1']))('%s, %s: they are where the matrices train', (family, written) => {
    const bench = benchOf(family);
    const delta = moved(bench, written);
    const trained = Object.entries(delta.variables).filter(
      ([name, { rank }]) => rank === 2 && /^(encoder|decoder)\.\d/.test(name),
    );
    expect(weightGradients(bench, delta)).toBeGreaterThanOrEqual(trained.length / 4); // those of query, key and value may come as one
    delta.dispose();
  });
});

/** A short step against the gradient. */
function descend(bench: Bench, delta: Delta): void {
  const found = bench.slopes(delta) as Tensors;
  delta.assign(stepped(delta.variables, found, -1e-4));
  tf.dispose(found);
}

function stepped(variables: Tensors, along: Tensors, by: number): Tensors {
  return Object.fromEntries(
    Object.entries(variables).map(([name, w]) => [name, tf.tidy(() => tf.add(w, tf.mul(along[name] as Tensor, by)))]),
  );
}

const whole = new Map<string, string>();
const print = (family: string): string => {
  const known = whole.get(family) ?? tensorsHash(benchOf(family).model.weights);
  whole.set(family, known);
  return known;
};

/** Trained tensors that are bit for bit as they were, but for those that no loss reaches. */
function stillTensors({ method, shape, variables }: Delta, before: Tensors): readonly string[] {
  const exempt = unreachedTensors(method, shape);
  return Object.keys(before).filter((name) => {
    const [then, now] = [before[name], variables[name]].map((tensor) => (tensor as Tensor).dataSync());
    return !exempt.has(name) && then?.every((value, i) => value === now?.[i]);
  });
}

invariant(12, () => {
  it.each(cells())('%s, %s', (family, written) => {
    const bench = benchOf(family);
    const before = print(family);
    const delta = moved(bench, written);
    const constants = tensorsHash(delta.constants);
    const start = copied(delta.variables);
    for (let step = 0; step < 2; step++) descend(bench, delta);
    expect(stillTensors(delta, start)).toEqual([]);
    expect(tensorsHash(bench.model.weights)).toBe(before);
    expect(tensorsHash(delta.constants)).toBe(constants);
    tf.dispose(start);
    delta.dispose();
  });
});

/** Relative gap between the gradient's length and the central difference along it, the better of two steps. */
function slopeGap(bench: Bench, delta: Delta): number {
  const found = bench.slopes(delta) as Tensors;
  const length = tf.tidy(() =>
    Math.sqrt(Object.values(found).reduce((sum, g) => sum + (tf.sum(tf.square(g)).dataSync()[0] as number), 0)),
  );
  const at = (step: number): number => {
    const there = stepped(delta.variables, found, step / length);
    const value = bench.value(delta, there);
    tf.dispose(there);
    return value;
  };
  const gaps = [3e-3, 1e-3].map((step) => Math.abs((at(step) - at(-step)) / (2 * step) - length) / length);
  tf.dispose(found);
  return Math.min(...gaps);
}

invariant(17, () => {
  // DoRA's norm is a constant to the gradient by definition (Liu et al. 2024, section 4.3)
  it.each(
    cells(
      kinds,
      training.filter((written) => !written.startsWith('dora')),
    ),
  )('%s, %s', (family, written) => {
    const bench = benchOf(family);
    const delta = moved(bench, written);
    expect(slopeGap(bench, delta)).toBeLessThan(0.03);
    delta.dispose();
  });

  it.each(kinds)("%s, dora: the gradient misses the norm's share, and only that", (family) => {
    const bench = benchOf(family);
    const delta = moved(bench, 'dora:r=4');
    expect(slopeGap(bench, delta)).toBeGreaterThan(1e-3);
    expect(slopeGap(bench, delta)).toBeLessThan(0.5);
    delta.dispose();
  });
});

invariant(24, () => {
  it.each(cells(['bert', 'gpt2', 'bart']))('%s, %s', (family, written) => {
    const bench = benchOf(family);
    const before = live();
    const delta = moved(bench, written);
    const counts = Array.from({ length: 3 }, () => {
      descend(bench, delta);
      return live().tensors;
    });
    expect(new Set(counts).size).toBe(1);
    delta.dispose();
    expect(live()).toEqual(before);
  });
});
