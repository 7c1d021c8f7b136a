import { describe, expect, it } from 'vitest';
import { canAdamInPlace } from '../engine/adam';
import { compile } from '../engine/compile';
import { live, upload } from '../engine/memory';
import { tf, type Tensor, type Tensors } from '../engine/tf';
import { disposeTree } from '../engine/tree';
import type { OptimizerSettings } from './job';
import { startState, stepScalars, updated, type Group, type TrainState } from './optimizer';
import { updateByGroups, updateInPlace, type Feed } from './update';

const scattered = (shape: readonly number[], scale: number, phase: number): Tensor =>
  upload(
    Float32Array.from(
      { length: shape.reduce((a, b) => a * b, 1) },
      (_, i) => scale * (2 * Math.abs((Math.sin(12.9898 * i + phase) * 43758.5453) % 1) - 1),
    ),
    shape,
  );
const tensors = (scale: number, phase: number): Tensors => ({
  'a.weight': scattered([37, 19], scale, phase),
  'a.bias': scattered([19], scale, phase + 1),
  'b.weight': scattered([64, 300], scale, phase + 2),
});
const settings: OptimizerSettings = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01, clipNorm: 1 };
const valuesOf = ({ variables, m, v }: TrainState): readonly (readonly number[])[] =>
  [variables, m, v].flatMap((part) => Object.values(part).map((tensor) => Array.from(tensor.dataSync())));

// Kernels are compiled at set-up where a compiler is; without them a step makes new tensors.
describe.runIf(canAdamInPlace())('an update where the state stands', () => {
  it.each([
    ['gradients cut', settings, 0.37],
    ['no decay, no limit', { ...settings, weightDecay: 0, clipNorm: 0 }, undefined],
  ] as const)('is the same as one that makes new tensors, to the bit: %s', (_, given, cut) => {
    const feedOf = (step: number): Feed => ({
      scalars: upload(stepScalars(step, 1e-2, given), [3]),
      factor: cut === undefined ? [] : [tf.scalar(cut)],
    });
    const program = compile((group: Group, slopes: Tensor[], feed: Feed) =>
      updated(group, slopes, { scalars: feed.scalars, factor: feed.factor[0] }, given),
    );
    let [there, anew]: TrainState[] = [startState(tensors(1, 0)), startState(tensors(1, 0))] as [
      TrainState,
      TrainState,
    ];
    for (let step = 1; step <= 3; step++) {
      const feed = feedOf(step);
      there = updateInPlace(there, tensors(0.2, step), feed, given);
      anew = updateByGroups(anew, tensors(0.2, step), (group, slopes) => program(group, slopes, feed));
      disposeTree(feed);
      expect(valuesOf(there)).toEqual(valuesOf(anew));
    }
    disposeTree([there, anew]);
    program.dispose();
  });

  it('copies what another tensor shares first, and leaves nothing behind', () => {
    const frozen = tensors(1, 0);
    const before = live().tensors;
    const print = Object.values(frozen).map((tensor) => Array.from(tensor.dataSync()));
    const shared = Object.fromEntries(Object.entries(frozen).map(([name, tensor]) => [name, tensor.clone()]));
    const feed: Feed = { scalars: upload(stepScalars(1, 1e-2, settings), [3]), factor: [] };
    const state = updateInPlace(startState(shared), tensors(0.2, 1), feed, settings);
    expect(Object.values(frozen).map((tensor) => Array.from(tensor.dataSync()))).toEqual(print);
    expect(Array.from((state.variables['a.bias'] as Tensor).dataSync())).not.toEqual(print[1]);
    disposeTree([state, feed]);
    expect(live().tensors).toBe(before);
    disposeTree(frozen);
  });
});
