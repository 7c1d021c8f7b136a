import { tf, type Tensor } from '../engine/tf';
import { UserError } from '../errors';
import type { Model } from '../model/open';
import type { Delta } from '../petl/bank/delta';
import { headsFirst } from '../petl/forms/bottleneck';
import type { HeatCell } from '../plots/heat-map';
import { prefixSlots } from './identity';
import { rms, tokenize } from './texts';

/**
 * How large each trained tensor of a delta is, layer by layer: root mean square of its elements; of a learned scale or a
 * gate's bias that is the number itself, without its sign. Rows are tensors, columns layers.
 * @param named only tensors whose name has this, as `scale` or `gate`
 * @throws UserError where the delta has none
 */
export function deltaSizes(delta: Delta, named = ''): readonly HeatCell[] {
  const found = Object.entries(delta.variables).flatMap(([name, tensor]) => {
    const [, stack = '', layer = '', part = ''] = /^(encoder|decoder)\.(\d+)\.(.*)$/.exec(name) ?? [];
    if (part === '' || !part.includes(named)) return [];
    return [{ stack, part: part.replace('.bottleneck.', ' '), layer: `${Number(layer) + 1}`, value: rms(tensor) }];
  });
  const both = new Set(found.map(({ stack }) => stack)).size > 1;
  const cells = found.map(({ stack, part, layer, value }): HeatCell => ({
    row: both ? `${stack} ${part}` : part,
    column: layer,
    value,
  }));
  if (cells.length > 0) return cells;
  const what = named === '' ? 'tensors in its layers' : `tensor named "${named}" in its layers`;
  throw new UserError(`${delta.method.name} has no ${what}: look at Object.keys(delta.variables)`);
}

/**
 * The share of one head's attention that each word gives each vector of a prefix; the rest goes to the words. Rows are
 * words, columns the vectors of the prefix.
 * @param layer from 0 @param head from 0
 * @throws UserError where the model has no such layer or head, and where the delta has no prefix there
 */
export function prefixAttention(
  model: Model,
  text: string,
  delta: Delta,
  { layer, head }: { readonly layer: number; readonly head: number },
): readonly HeatCell[] {
  const words = tokenize(model, [text])[0]?.words ?? [];
  const { heads } = model.backbone.shape;
  if (!(head >= 0 && head < heads)) throw new UserError(`head ${head}: the model has heads 0 to ${heads - 1}`);
  const shares: number[][] = [];
  prefixSlots(model, text, delta, ({ pair, attention, gate, at }) => {
    if (at !== layer) return;
    const { keyValueHeads } = model.backbone.shape;
    const one = (x: Tensor, index: number): Tensor => tf.squeeze(tf.slice(x, [index, 0, 0], [1, -1, -1]), [0]);
    const query = one(headsFirst(tf.mul(attention.query, attention.scale), heads), head); // [N, dh]
    const keys = one(headsFirst(pair.keys, keyValueHeads), Math.floor((head * keyValueHeads) / heads)); // [l, dh]
    const share = tf.mul(tf.softmax(tf.matMul(query, keys, false, true)), one(tf.transpose(gate, [1, 0, 2]), head));
    shares.push(...(share.arraySync() as number[][]));
  });
  if (shares.length === 0) throw new UserError(`${delta.method.name} has no prefix at attention of layer ${layer}`);
  return words.flatMap((word, n) =>
    (shares[n] ?? []).map((value, slot) => ({ row: `${n + 1} ${word}`, column: `P${slot + 1}`, value })),
  );
}
