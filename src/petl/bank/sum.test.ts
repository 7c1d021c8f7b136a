import { expect, it } from 'vitest';
import { live } from '../../engine/memory';
import { tf, type Tensor } from '../../engine/tf';
import { UserError } from '../../errors';
import { parseMethod } from '../design/written';
import { packedBatch, tinyModel } from '../testing/fixtures';
import { hiddenWith, perturbed } from '../testing/tiny';
import { createDelta, type Delta } from './delta';
import { merge } from './merge';
import { weightedSum } from './sum';

const ids = [[5, 17, 42, 8]];

it.each([
  ['lora:r=2', 'lora:r=3,s=2'],
  ['lora:r=2', 'pissa:r=2'],
  ['vera:r=4', 'adalora:r=3'],
  ['lora-fa:r=2', 'lora-ffn:r=2'],
])('%s and %s: weights changed by a sum are the weighted sum of the changes', (a, b) => {
  const model = tinyModel('bert');
  const before = live().tensors;
  const deltas = [a, b].map((written, i) => {
    const delta = createDelta(parseMethod(written), model.shape, model.weights, i);
    delta.assign(perturbed(delta.variables, 0.2, i));
    return delta;
  }) as [Delta, Delta];
  const sum = weightedSum(deltas.map((delta, i) => ({ delta, weight: [0.75, -0.5][i] as number })));
  const changes = [...deltas, sum].map(
    ({ method, variables, constants }) =>
      merge(method, model.shape, model.weights, { ...variables, ...constants }).weights,
  );
  let furthest = 0;
  tf.tidy(() => {
    for (const [name, weight] of Object.entries(model.weights)) {
      const [one, two, both] = changes.map((weights) => tf.sub(weights[name] as Tensor, weight)) as [
        Tensor,
        Tensor,
        Tensor,
      ];
      const wanted = tf.add(tf.mul(one, 0.75), tf.mul(two, -0.5));
      furthest = Math.max(furthest, tf.max(tf.abs(tf.sub(both, wanted))).dataSync()[0] as number);
    }
  });
  expect(furthest).toBeLessThan(2e-6);
  // it runs, is written in words and is not what its parts are
  expect(parseMethod(sum.method.name)).toEqual(sum.method);
  const batch = packedBatch(ids, [[1, 1, 1, 1]]);
  const moved = tf.tidy(() =>
    [deltas[0], sum].map((delta) => hiddenWith(delta, model.weights, batch).dataSync()[0] as number),
  ) as unknown as readonly number[];
  expect(moved[0]).not.toBe(moved[1]);
  tf.dispose(
    changes.flatMap((weights) => Object.values(weights).filter((w) => !Object.values(model.weights).includes(w))),
  );
  for (const delta of [...deltas, sum]) delta.dispose();
  tf.dispose(Object.values(batch).filter((part) => part instanceof tf.Tensor));
  expect(live().tensors - before).toBeLessThanOrEqual(12);
  model.dispose();
});

it.each([
  ['dora:r=2', /put back by renormalise, is no linear change/],
  ['pa-ffn:r=2', /bottleneck at ffn.* is no linear change/],
  ['prefix:l=2', /prefix at attn.heads/],
  ['ia3', /diagonal at attn.key/],
  ['bitfit', /the model's own weights or a prompt/],
  ['point:site=ffn.up,form=identity,r=2,init=lora,bias=no,s=learned', /put back by scaledAdd/],
])('%s has no exact sum', (written, message) => {
  const model = tinyModel('bert');
  const delta = createDelta(parseMethod(written), model.shape, model.weights, 1);
  expect(() => weightedSum([{ delta, weight: 1 }])).toThrow(UserError);
  expect(() => weightedSum([{ delta, weight: 1 }])).toThrow(message);
  delta.dispose();
  model.dispose();
});
