import { matmul } from '../../engine/layers';
import { upload } from '../../engine/memory';
import { sumOf, tf, type Tensor, type Tensors } from '../../engine/tf';
import type { ModelShape } from '../../model/shape';
import { need } from './attend';
import type { Method } from '../design/types';
import { formName, placesOf } from '../design/places';

/** Share of the steps before pruning starts and after it ends (Zhang et al. 2023, section 3.3: t_i and t_f). */
const warm = 0.1;
const settled = 0.3;

/**
 * What AdaLoRA adds to the loss: penalty (|P^T P - I|^2 + |Q Q^T - I|^2) summed over its places (Zhang et al. 2023,
 * equation 4); undefined
 * for other methods. Call it inside the differentiated step.
 */
export function penaltyOf(method: Method, shape: ModelShape, tensors: Tensors): Tensor | undefined {
  const { lifecycle } = method;
  if (lifecycle.kind !== 'rankBudget') return undefined;
  const parts = triplets(method, shape).flatMap(({ name }) => [
    fromOrthogonal(need(tensors, `${name}.down`), true),
    fromOrthogonal(need(tensors, `${name}.up`), false),
  ]);
  return tf.mul(sumOf(parts), lifecycle.penalty);
}

/** |M - I|^2 for M of the r directions: columns of down, rows of up. */
function fromOrthogonal(factor: Tensor, columns: boolean): Tensor {
  const gram = columns ? matmul(factor, factor, true, false) : matmul(factor, factor, false, true);
  return tf.sum(tf.square(tf.sub(gram, tf.eye(gram.shape[0] as number))));
}

/**
 * Directions left in all places together at a share `progress` of the steps: all, then a cubic fall, then the target.
 */
export function directionsLeft(method: Method, shape: ModelShape, progress: number): number {
  const places = triplets(method, shape);
  const all = places.reduce((sum, { r }) => sum + r, 0);
  if (method.lifecycle.kind !== 'rankBudget') return all;
  const target = Math.min(all, method.lifecycle.target * places.length);
  const along = Math.min(1, Math.max(0, (progress - warm) / (1 - warm - settled)));
  return Math.round(target + (all - target) * (1 - along) ** 3);
}

/**
 * The masks that keep the largest singular values by magnitude over all places (the magnitude variant of Zhang et al.
 * 2023, section
 * 4.4), as new tensors that the caller owns; undefined for methods without a rank budget. Constants of a step are fed,
 * so no
 * program is made anew.
 */
export function masksAt(method: Method, shape: ModelShape, tensors: Tensors, progress: number): Tensors | undefined {
  if (method.lifecycle.kind !== 'rankBudget') return undefined;
  const places = triplets(method, shape).map(({ name }) => ({
    name,
    values: need(tensors, `${name}.singular`).dataSync() as Float32Array,
  }));
  const ranked = places.flatMap(({ values }, place) =>
    Array.from(values, (value, i) => ({ place, i, size: Math.abs(value) })),
  );
  ranked.sort((a, b) => b.size - a.size || a.i - b.i || a.place - b.place);
  const masks = places.map(({ values }) => new Float32Array(values.length));
  for (const { place, i } of ranked.slice(0, directionsLeft(method, shape, progress)))
    (masks[place] as Float32Array)[i] = 1;
  return Object.fromEntries(
    places.map(({ name }, place) => [
      `${name}.mask`,
      upload(masks[place] as Float32Array, [(masks[place] as Float32Array).length]),
    ]),
  );
}

function triplets(method: Method, shape: ModelShape): readonly { readonly name: string; readonly r: number }[] {
  return method.modifications.flatMap((modification, index) => {
    const { form } = modification;
    if (form.kind !== 'bottleneck' || form.factors.kind !== 'triplet') return [];
    return placesOf(modification, shape).map((place) => ({
      name: `${place.name}.${formName(method, index)}`,
      r: form.r,
    }));
  });
}
