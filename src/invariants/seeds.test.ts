import { expect, it } from 'vitest';
import { upload } from '../engine/memory';
import type { Tensor, Tensors } from '../engine/tf';
import { disposeTree } from '../engine/tree';
import { trainingBatches } from '../tasks/batches';
import { planBatches } from '../tasks/plan';
import { startState } from '../training/optimizer';
import { createDelta, type Delta } from '../petl/bank/delta';
import { specsOf } from '../petl/forms/variables';
import { parseMethod } from '../petl/design/written';
import { benchOf } from './testing/bench';
import { invariant } from './testing/catalogue';
import { cells, kinds, training } from './testing/matrix';
import { fresh, newHead, steps, values } from './testing/steps';

invariant(22, () => {
  it.each(cells(['bert']))('%s, %s: losses and final tensors, bit for bit', (family, written) => {
    const run = (): { readonly losses: readonly number[]; readonly final: unknown } => {
      const delta = fresh(family, written);
      const { state, losses } = steps(
        [family, written],
        startState({ ...delta.variables, ...newHead() }),
        delta.constants,
        [1, 3],
      );
      const final = values(state.variables);
      disposeTree([state, delta.constants]);
      return { losses, final };
    };
    const first = run();
    expect(run()).toEqual(first);
  });

  it.each(cells())('%s, %s: the start, whatever else there is', (family, written) => {
    const alone = fresh(family, written);
    const beside = createDelta(
      parseMethod(`${written}+pa-attn:r=2,norm=none`),
      alone.shape,
      benchOf(family).model.weights,
      4,
    );
    for (const [name, value] of Object.entries(alone.variables))
      expect(beside.variables[name]?.dataSync(), name).toEqual(value.dataSync());
    alone.dispose();
    beside.dispose();
  });

  it('batches follow from seed and epoch alone', () => {
    const examples = Array.from({ length: 20 }, (_, i) => ({
      index: i,
      ids: Int32Array.from({ length: 3 + (i % 5) }, () => i + 1),
    }));
    const plan = planBatches(
      examples.map(({ ids }) => ids.length),
      { size: 4, maxShapes: 2 },
    );
    const order = (seed: number, epoch: number): string =>
      JSON.stringify(trainingBatches(examples, plan, { seed, epoch }).map(({ rows }) => rows.map(({ ids }) => ids[0])));
    expect(order(1, 0)).toBe(order(1, 0));
    expect(order(1, 0)).not.toBe(order(1, 1));
    expect(order(1, 0)).not.toBe(order(2, 0));
  });
});

invariant(23, () => {
  it.each(cells())('%s, %s', (family, written) => {
    const method = parseMethod(written);
    const { shape } = benchOf(family).model;
    const [one, two] = [fresh(family, written, 1), fresh(family, written, 2)];
    for (const { name, init, trained } of specsOf(method, shape)) {
      if (!trained) continue;
      const random =
        init.kind === 'normal' ||
        init.kind === 'truncatedNormal' ||
        (init.kind === 'uniform' && init.seed === 'run') ||
        (init.kind === 'words' && init.rows.kind === 'vocabulary');
      const [a, b] = [one, two].map(({ variables }) => Array.from((variables[name] as Tensor).dataSync())) as [
        number[],
        number[],
      ];
      if (random) expect(a, name).not.toEqual(b);
      else expect(a, name).toEqual(b);
    }
    one.dispose();
    two.dispose();
  });

  it.each(kinds)("%s: VeRA's shared matrices have a seed of their own", (family) => {
    const [one, two, other] = ['vera:r=4', 'vera:r=4', 'vera:r=4,seed=2'].map((written, i) =>
      fresh(family, written, i + 1),
    ) as [Delta, Delta, Delta];
    expect(values(one.constants)).toEqual(values(two.constants));
    expect(Object.values(values(one.constants))).not.toEqual(Object.values(values(other.constants)));
    for (const delta of [one, two, other]) delta.dispose();
  });
});

invariant(46, () => {
  it.each(
    cells(
      ['bert'],
      training.filter((written) =>
        /^(full|lora:|prefix:l=3$|prefix:l=2,mlp|mam|houlsby|ia3$|vera|dora|adalora|compacter|unipelt|prompt:l=3)/.test(
          written,
        ),
      ),
    ),
  )('%s, %s', (family, written) => {
    const { constants, variables } = fresh(family, written);
    const start = { ...variables, ...newHead() };
    const kept = values(start);
    const shapes = Object.fromEntries(Object.entries(start).map(([name, value]) => [name, value.shape]));
    const restored = (numbers: ReturnType<typeof values>): Tensors =>
      Object.fromEntries(
        Object.entries(numbers).map(([name, own]) => [name, upload(Float32Array.from(own), shapes[name] as number[])]),
      );
    const whole = steps([family, written], startState(start), constants, [1, 8]);
    const half = steps([family, written], startState(restored(kept)), constants, [1, 4]);
    const copy = JSON.parse(JSON.stringify([half.state.variables, half.state.m, half.state.v].map(values))) as [
      ReturnType<typeof values>,
      ReturnType<typeof values>,
      ReturnType<typeof values>,
    ];
    disposeTree(half.state);
    const [own, m, v] = copy.map(restored) as [Tensors, Tensors, Tensors];
    const rest = steps([family, written], { variables: own, m, v }, constants, [5, 8]);
    expect([...half.losses, ...rest.losses]).toEqual(whole.losses);
    expect(values(rest.state.variables)).toEqual(values(whole.state.variables));
    expect(values(rest.state.v)).toEqual(values(whole.state.v));
    disposeTree([whole.state, rest.state, constants]);
  });
});
