import { describe, expect, it } from 'vitest';
import { live } from '../engine/memory';
import { tf, type Tensor, type Tensors } from '../engine/tf';
import type { Delta } from '../petl/bank/delta';
import type { Method } from '../petl/design/types';
import { merge, type Merged } from '../petl/bank/merge';
import { mergeStated } from '../petl/bank/merged';
import { promptLength, visitFor } from '../petl/forms/modify';
import { randomFrom } from '../random';
import { benchOf, gap, moved, outputsOn, type Bench } from './testing/bench';
import { free } from './testing/banks';
import { invariant } from './testing/catalogue';
import { cells, fits, kinds } from './testing/matrix';

const quiet = { noise: undefined };

const linear = [
  'lora:r=4',
  'lora-ffn:r=4',
  'rslora:r=4',
  'lora-fa:r=4',
  'dora:r=4',
  'pissa:r=4',
  'lora:r=3,at=all-linear',
  'dora:r=3,at=o.gate',
  'vera:r=4',
  'adalora:r=4',
  'ia3',
  'ia3:form=adapters',
  'ia3:form=peft-bert',
  'ia3+lora-ffn:r=2',
  'full',
  'layernorm',
  'point:site=ffn.up,form=identity,r=3,init=lora,bias=no,s=learned',
];
const mixed = [
  'lora:r=4+prefix:l=3',
  'ia3:form=peft-bert+pa-attn:r=4',
  'mhpa:l=3,query=normed+lora:r=2',
  'houlsby:m=4',
  'mam:l=3,r=4',
  'unipelt:l=2,r=2,m=2,gate=token',
];

function mergeOf({ model }: Bench, { method, variables, constants }: Delta): Merged {
  return merge(method, model.shape, model.weights, { ...constants, ...variables });
}

/** Merged as far as it goes, the rest applied. */
function remaining(bench: Bench, delta: Delta, merged: Merged): Tensor {
  const visit = visitFor(merged.rest, bench.model.shape, { ...delta.variables, ...delta.constants }, quiet);
  return bench.run({ shape: bench.model.shape, weights: merged.weights }, { visit });
}

invariant(29, () => {
  it.each(cells(kinds, [...linear, ...mixed]))('%s, %s', (family, written) => {
    const bench = benchOf(family);
    const base = tf.tidy(() => bench.run(bench.model, {}).dataSync());
    const delta = moved(bench, written, 2, 0.1);
    const merged = mergeOf(bench, delta);
    if (linear.includes(written)) expect(merged.rest.modifications).toEqual([]);
    expect(
      gap(
        () => remaining(bench, delta, merged),
        () => bench.outputs(delta),
      ),
    ).toBeLessThan(5e-5);
    const stated = mergeStated(bench.model, delta);
    expect([stated.changed, stated.difference < 5e-5]).toEqual([merged.changed, true]);
    free(stated);
    const again = mergeOf(bench, delta);
    expect(
      gap(
        () => remaining(bench, delta, again),
        () => remaining(bench, delta, merged),
      ),
    ).toBe(0);
    free(merged);
    free(again);
    delta.dispose();
    expect(tf.tidy(() => bench.run(bench.model, {}).dataSync())).toEqual(base);
  });

  it.each(cells(kinds, ['prefix:l=3', 'pa-ffn:r=4', 'houlsby:m=4,norms=frozen', 'mhpa:l=3', 'vlm:r=4']))(
    '%s, %s: nothing is linear, nothing merges',
    (family, written) => {
      const bench = benchOf(family);
      const delta = moved(bench, written, 2, 0.1);
      const merged = mergeOf(bench, delta);
      expect([merged.changed, merged.rest.modifications]).toEqual([[], delta.method.modifications]);
      delta.dispose();
    },
  );

  it.each(
    cells(kinds, ['lora:r=2', 'ia3', 'layernorm', 'prefix:l=2']).flatMap(
      ([family, written]) =>
        [
          [family, written, NaN],
          [family, written, Infinity],
        ] as const,
    ),
  )('%s, %s: %f is refused', (family, written, broken) => {
    const bench = benchOf(family);
    const delta = moved(bench, written);
    const [name] = Object.keys(delta.variables) as [string];
    const before = live().tensors;
    const bad = tf.fill((delta.variables[name] as Tensor).shape, broken);
    expect(() =>
      merge(delta.method, bench.model.shape, bench.model.weights, { ...delta.variables, [name]: bad }),
    ).toThrow(/was not merged: .* holds NaN or infinity/);
    bad.dispose();
    expect(live().tensors).toBe(before);
    delta.dispose();
  });
});

/** Families and points that meet each other at the same matrices, before and after them. */
const meeting = [
  ...linear.filter((written) => written !== 'full'),
  ...mixed,
  'bitfit',
  'top:k=1',
  'prompt:l=2',
  'pa-attn:r=3',
  'compacter:r=4,n=2',
  'point:site=attn.value,form=identity,r=3,bias=no,how=renormalise,s=2',
  'point:site=attn.key,form=identity,r=3,init=lora,bias=no,how=add',
  'point:site=ffn.down,form=identity,r=2,init=lora,bias=no,s=channel',
  'point:site=ffn.down,form=identity,r=2,bias=no,how=renormalise',
  'point:site=ffn.down,form=relu,r=2',
  'point:site=attn.out,form=relu,r=2',
  'point:site=attn.out,form=identity,r=2,bias=no,how=renormalise',
  'point:site=attn.out,form=diagonal',
  'point:site=ffn.up,form=identity,r=3,how=multiply',
  'point:site=ffn.mid,form=diagonal',
  'point:site=attn.query,form=diagonal',
  'point:site=attn.value,form=tanh,r=2,layers=0',
  'point:site=attn.heads,form=diagonal,layers=from1',
  'point:site=cross.value,form=identity,r=2,bias=no,how=renormalise',
];

/** Pairs and triples of them, drawn from a seed. */
function draws(count: number, seed: number): readonly (readonly [family: string, written: string])[] {
  const random = randomFrom(seed);
  const one = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const drawn: (readonly [string, string])[] = [];
  while (drawn.length < count) {
    const family = one(kinds);
    const parts = Array.from({ length: random() < 0.7 ? 2 : 3 }, () => one(meeting));
    const written = parts.join('+');
    const cross = written.includes('cross') && family !== 'bart' && family !== 't5';
    const prompts = parts.filter((part) => part === 'prompt:l=2').length;
    if (!cross && prompts < 2 && parts.every((part) => fits(family, part))) drawn.push([family, written]);
  }
  return drawn;
}

describe('29. what merges in pairs and threes, drawn at random', () => {
  const named = [
    ...cells(kinds, ['lora:r=2+dora:r=2', 'dora:r=2+dora:r=3', 'ia3+dora:r=2', 'bitfit+ia3', 'dora:r=2+ia3']).filter(
      ([family, written]) => written.split('+').every((part) => fits(family, part)),
    ),
    ...draws(60, 11),
  ];
  it.each(named)('%s, %s: the rest on the merged weights is the model unmerged', (family, written) => {
    const bench = benchOf(family);
    const delta = moved(bench, written, 2, 0.2);
    const merged = mergeOf(bench, delta);
    const { method: own, shape, constants, variables } = delta;
    const rest = { method: merged.rest, shape, constants, variables };
    const pair = bench.text(promptLength(own));
    const applied = (): Tensor =>
      outputsOn({ model: { ...bench.model, weights: merged.weights } as Bench['model'] }, rest, variables, pair);
    const scale = tf.tidy(() => tf.max(tf.abs(bench.outputs(delta))).dataSync()[0] as number);
    expect(gap(applied, () => bench.outputs(delta)) / Math.max(1, scale)).toBeLessThan(5e-5);
    const stated = mergeStated(bench.model, delta);
    expect(stated.difference / Math.max(1, scale)).toBeLessThan(5e-5);
    free(stated);
    free(merged);
    delta.dispose();
  });
});

/** A method with all its fixed scales times `factor`. */
function weighted(method: Method, factor: number): Method {
  const modifications = method.modifications.map((m) =>
    m.composition.kind === 'scaledAdd' && m.composition.scale.kind === 'fixed'
      ? ({
          ...m,
          composition: { ...m.composition, scale: { kind: 'fixed', value: m.composition.scale.value * factor } },
        } as typeof m)
      : m,
  );
  return { ...method, modifications };
}

invariant(30, () => {
  it.each(cells(kinds, ['lora:r=3', 'lora-ffn:r=2', 'vera:r=4', 'adalora:r=4', 'pissa:r=2']))(
    '%s, %s',
    (family, written) => {
      const bench = benchOf(family);
      const { shape, weights } = bench.model;
      const [a, b] = [moved(bench, written, 1, 0.1), moved(bench, 'lora:r=2', 2, 0.1)];
      const tensorsOf = (delta: Delta): Tensors => ({ ...delta.constants, ...delta.variables });
      const first = merge(a.method, shape, weights, tensorsOf(a));
      const both = merge(b.method, shape, first.weights, tensorsOf(b));
      const other = merge(b.method, shape, weights, tensorsOf(b));
      const reversed = merge(a.method, shape, other.weights, tensorsOf(a));
      const runWith = (own: Tensors) => (): Tensor => bench.run({ shape, weights: own }, {});
      expect(gap(runWith(both.weights), runWith(reversed.weights))).toBeLessThan(2e-5);
      const half = merge(weighted(a.method, 0.5), shape, weights, tensorsOf(a));
      const whole = merge(weighted(a.method, 0.5), shape, half.weights, tensorsOf(a));
      expect(gap(runWith(whole.weights), runWith(first.weights))).toBeLessThan(2e-5);
      const back = merge(weighted(a.method, -1), shape, first.weights, tensorsOf(a));
      expect(gap(runWith(back.weights), runWith(weights))).toBeLessThan(2e-5);
      expect(gap(runWith(first.weights), runWith(weights))).toBeGreaterThan(1e-4);
      for (const merged of [first, both, other, reversed, half, whole, back]) free(merged);
      for (const delta of [a, b]) delta.dispose();
    },
  );
});
