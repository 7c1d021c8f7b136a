import { describe, expect, it } from 'vitest';
import { upload } from '../../engine/memory';
import { tf, type Tensor } from '../../engine/tf';
import { parseMethod } from '../design/written';
import { tinyModel } from '../testing/fixtures';
import { createDelta, weightsWith } from './delta';

describe.each([
  'tokens:ids=0.1.4',
  'tokens:ids=3.97.98.99',
  'tokens:ids=50',
  'head:rows=2',
  'tokens:ids=7+head:rows=3',
])('%s', (written) => {
  const model = tinyModel('llama');
  const { shape, weights } = model;
  const table = weights['embedding.word'] as Tensor;
  const [size, width] = table.shape as [number, number];
  const method = parseMethod(written);
  const ids = method.unfrozen.flatMap((part) =>
    part.kind === 'tokens'
      ? part.ids
      : Array.from(
          { length: part.kind === 'tokenRows' ? part.count : 0 },
          (_, i) => size - (part as { count: number }).count + i,
        ),
  );

  it('starts as the model, replaces its rows alone, and they get the gradient of the table there', () => {
    const delta = createDelta(method, shape, weights, 1);
    const values = (tensor: Tensor): number[][] => tensor.arraySync() as number[][];
    const made = (own: Record<string, Tensor>): Tensor =>
      weightsWith(weights, { method, shape }, own)['embedding.word'] as Tensor;
    expect(values(tf.tidy(() => tf.clone(made(delta.variables))))).toEqual(values(table));
    const wave = upload(
      Float32Array.from({ length: size * width }, (_, i) => Math.sin(i)),
      [size, width],
    );
    const names = Object.keys(delta.variables);
    const gradients = tf.grads((...rows: Tensor[]) =>
      tf.sum(tf.mul(wave, made(Object.fromEntries(names.map((name, i) => [name, rows[i] as Tensor]))))),
    )(names.map((name) => delta.variables[name] as Tensor));
    expect(gradients.flatMap(values)).toEqual(ids.map((id) => values(wave)[id]));
    const zeros = Object.fromEntries(names.map((name) => [name, tf.zerosLike(delta.variables[name] as Tensor)]));
    const cut = values(made(zeros));
    const wanted = values(table).map((row, id) => (ids.includes(id) ? row.map(() => 0) : row));
    expect(cut).toEqual(wanted);
    delta.dispose();
    model.dispose();
  });
});

it.each([
  ['tokens:ids=100', /word table has 100 rows/],
  ['tokens:ids=98+head:rows=3', /trains twice/],
  ['tokens:ids=a', /ids joined by points, such as ids=5.17.42/],
  ['tokens', /ids joined by points/],
])('%s is refused in one line', (written, reason) => {
  const model = tinyModel('llama');
  expect(() => createDelta(parseMethod(written), model.shape, model.weights, 1)).toThrow(reason);
  model.dispose();
});
