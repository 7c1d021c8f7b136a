import { tf, type Tensor, type Tensors } from '../../engine/tf';
import { UserError } from '../../errors';
import type { ModelShape } from '../../model/shape';
import type { Site } from '../../model/site';
import { need } from '../forms/attend';
import { scaleOf } from '../forms/modify';
import { matrices, scaled, type Own } from '../forms/bottleneck';
import { weightsWith } from './delta';
import { compositions } from '../design/composition';
import { isLinear } from '../design/forms';
import { isProjection } from '../design/reads';
import type { Bottleneck, Method, Modification } from '../design/types';
import { formName, placesOf, type Place } from '../design/places';

/**
 * A model with a method's linear changes in its weights. The frozen weights are as they were: to unmerge, use those
 * again.
 */
export interface Merged {
  /** Shares every tensor that did not change with the frozen model; `changed` are new and owned by the caller. */
  readonly weights: Tensors;
  readonly changed: readonly string[];
  /** What could not be merged and must still be applied, with the delta's tensors. */
  readonly rest: Method;
}

/**
 * Puts into the weights what is linear: LoRA and its kin at projections (W + s A B, DoRA's m (W + s A B) / |W + s A
 * B|), diagonals (columns of the matrix that makes h, or rows of the one that reads it), and trained weights, each on
 * top of those before it, as they are applied. Adapters, prefixes and prompts stay in `rest`.
 * @throws UserError where a tensor holds NaN or infinity; nothing is changed then
 */
export function merge(method: Method, shape: ModelShape, weights: Tensors, tensors: Tensors): Merged {
  const broken = Object.entries(tensors).find(
    ([, tensor]) => !tf.tidy(() => tf.all(tf.isFinite(tensor)).dataSync()[0]),
  );
  if (broken) throw new UserError(`${method.name} was not merged: ${broken[0]} holds NaN or infinity.`);
  const now: Record<string, Tensor> = tf.tidy(() => {
    const base = weightsWith(weights, { method, shape }, tensors);
    const work = { base, merged: { ...base }, tensors };
    for (const { modification, index } of inOrder(method, shape)) {
      for (const place of placesOf(modification, shape))
        mergeAt(modification, place, `${place.name}.${formName(method, index)}`, work);
    }
    return Object.fromEntries(
      Object.entries(work.merged)
        .filter(([name, tensor]) => tensor !== weights[name])
        .map(([name, tensor]) => [name, tensor.clone()]),
    );
  });
  const left = method.modifications.filter((modification) => !merges(modification, method, shape));
  return {
    weights: { ...weights, ...now },
    changed: Object.keys(now),
    rest: { ...method, modifications: left, unfrozen: [] },
  };
}

/** Largest absolute difference of two results, such as hidden states merged and unmerged. */
export function largestDifference(a: Tensor, b: Tensor): number {
  return tf.tidy(() => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0] ?? 0);
}

/** Columns first: rows are scaled by what stands before the matrix, whatever was added to it. */
function inOrder(
  method: Method,
  shape: ModelShape,
): readonly { readonly modification: Modification; readonly index: number }[] {
  const chosen = method.modifications
    .map((modification, index) => ({ modification, index }))
    .filter(({ modification }) => merges(modification, method, shape));
  const scalesRows = ({ modification }: (typeof chosen)[number]): boolean => !isProjection(modification.site);
  return [...chosen.filter((one) => !scalesRows(one)), ...chosen.filter(scalesRows)];
}

/** Linear, and nothing that stays outside reads or follows what the merge would change. */
function merges(modification: Modification, { modifications }: Method, { sharedLayers }: ModelShape): boolean {
  if (sharedLayers) return false; // one matrix cannot hold another change for each layer
  const reader = readerOf(modification.site);
  const touched = [modification.site, ...(reader === undefined ? [] : [reader])];
  const others = modifications.filter((other) => other !== modification && !mergeable(other));
  const asks = modification.site.endsWith('.query') && others.some(({ reads }) => reads === 'query(norm(x))');
  return mergeable(modification) && !asks && !others.some(({ site }) => touched.includes(site));
}

/** The site of the matrix that reads this site's h and nothing else. */
function readerOf(site: Site): Site | undefined {
  if (site === 'ffn.mid') return 'ffn.down';
  return site.endsWith('.heads') ? (site.replace(/heads$/, 'out') as Site) : undefined;
}

function mergeable({ site, form, composition, reads }: Modification): boolean {
  if (form.kind === 'diagonal') return isProjection(site) || readerOf(site) !== undefined;
  if (form.kind !== 'bottleneck' || !isProjection(site) || reads !== 'x') return false;
  return isLinear(form) && compositions[composition.kind].linear;
}

interface Work {
  /** The weights as the model runs with them: what a renormalised change takes the norms of. */
  readonly base: Tensors;
  readonly merged: Record<string, Tensor>;
  readonly tensors: Tensors;
}

function mergeAt({ form, composition }: Modification, place: Place, name: string, work: Work): void {
  const { base, merged, tensors } = work;
  const own: Own = (part) => need(tensors, `${name}.${part}`);
  if (form.kind === 'diagonal') {
    scaleBy(own('factor'), place, merged);
    return;
  }
  if (form.kind !== 'bottleneck') return;
  const key = place.weight;
  const weight = need(merged, key);
  const change = product(form, own, tensors, { scale: scaleOf(composition, own), width: weight.shape[0] as number });
  merged[key] = tf.add(weight, change);
  if (composition.kind === 'renormalise')
    renormalise(tf.add(need(base, key), change), own('magnitude'), place.name, work);
}

/** m (V + dW) / |W + dW|, V what was merged before; a bias that was changed before goes along: c f + b (1 - f). */
function renormalise(moved: Tensor, magnitude: Tensor, name: string, { base, merged }: Work): void {
  const factor = tf.div(magnitude, tf.sqrt(tf.sum(tf.square(moved), 0))); // f [out]
  merged[`${name}.weight`] = tf.mul(need(merged, `${name}.weight`), factor);
  const [bias, first] = [merged[`${name}.bias`], base[`${name}.bias`]];
  if (bias !== undefined && first !== undefined && bias !== first)
    merged[`${name}.bias`] = tf.add(first, tf.mul(tf.sub(bias, first), factor));
}

/** s A B, less its start for principal factors. */
function product(
  form: Bottleneck,
  own: Own,
  tensors: Tensors,
  { scale, width }: { readonly scale: number | Tensor; readonly width: number },
): Tensor {
  const { down, up } = matrices(form, { own, shared: (full) => need(tensors, full) }, width);
  const change = tf.matMul(down, scaled(up, scale));
  return form.factors.kind === 'principal'
    ? tf.sub(change, tf.matMul(own('down.start'), scaled(own('up.start'), scale)))
    : change;
}

/** Columns and bias of the projection that makes h, or rows of the matrix that reads it. */
function scaleBy(factor: Tensor, { name, site }: Place, merged: Record<string, Tensor>): void {
  const reader = readerOf(site);
  if (reader !== undefined) {
    const key = `${name.slice(0, -site.length)}${reader}.weight`;
    merged[key] = tf.mul(need(merged, key), tf.expandDims(factor, 1));
    return;
  }
  merged[`${name}.weight`] = tf.mul(need(merged, `${name}.weight`), factor);
  const bias = merged[`${name}.bias`];
  if (bias !== undefined) merged[`${name}.bias`] = tf.mul(bias, factor);
}
