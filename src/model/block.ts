import { layerNorm, rmsNorm } from '../engine/layers';
import { dropout } from '../engine/random';
import { tf, type Tensor, type Tensors } from '../engine/tf';
import { attention } from './attention';
import { show, type Attended, type Place, type Stream } from './place';
import { feedForward } from './feedforward';
import type { Layout } from './layout';
import type { ModelShape } from './shape';
import { weightsAt } from './shapes';

/** The norm called `name`, layer norm or RMS norm as the shape says. */
export function normOf(shape: ModelShape, weights: Tensors, name: string): (x: Tensor) => Tensor {
  const gain = weights[`${name}.gain`];
  const bias = weights[`${name}.bias`];
  if (gain === undefined) throw new Error(`weight ${name}.gain is missing`);
  const { epsilon } = shape.norm;
  if (shape.norm.kind === 'rms') return (x) => rmsNorm(x, gain, epsilon);
  if (!shape.norm.bias) return (x) => layerNorm(x, gain, tf.zerosLike(gain), epsilon);
  if (bias === undefined) throw new Error(`weight ${name}.bias is missing`);
  return (x) => layerNorm(x, gain, bias, epsilon);
}

/**
 * What a decoder block attends over besides itself. `layout`: that of the rows that ask, where it differs from the
 * decoder's own.
 */
export interface Cross extends Attended {
  readonly layout?: Layout;
}

/**
 * One transformer block. `stream` is what goes on; `own` is what self-attention reads: the same stream, or, in the last
 * block of a model whose head reads few positions, all rows while only those positions go on.
 */
export function block(place: Place, stream: Stream, own: Attended, cross?: Cross): Stream {
  const start = stream.x;
  let x = subLayer(place, 'attn', { reads: start, onto: start }, (input, norm) => {
    const query = { ...stream, x: input };
    return attention(place, 'attn', query, {
      ...own,
      memory: stream === own.memory ? query : { ...own.memory, x: norm(own.memory.x) },
    });
  });
  if (cross !== undefined)
    x = subLayer(place, 'cross', { reads: x, onto: x }, (input) =>
      attention(place, 'cross', { x: input, layout: cross.layout ?? stream.layout }, cross),
    );
  x = subLayer(place, 'ffn', { reads: place.shape.parallel ? start : x, onto: x }, (input) =>
    feedForward(place, input),
  );
  return { ...stream, x: show(place, { site: 'block', input: start, output: x }) };
}

/**
 * post: norm(x + f(x)); pre: x + f(norm(x)), or x + norm'(f(norm(x))). f is shown at its site before the norm of what
 * it gives, dropout and residual.
 */
function subLayer(
  place: Place,
  site: 'attn' | 'cross' | 'ffn',
  { reads, onto }: { readonly reads: Tensor; readonly onto: Tensor },
  f: (input: Tensor, norm: (x: Tensor) => Tensor) => Tensor,
): Tensor {
  const { shape, weights, stack, layer } = place;
  const at = `${weightsAt(shape, stack, layer)}.${site}`;
  const normed = shape.norm.first || layer > 0 || site !== 'attn';
  const norm = normed ? normOf(shape, weights, `${at}.norm`) : (x: Tensor): Tensor => x;
  const pre = shape.norm.place === 'pre';
  const input = pre ? norm(reads) : reads;
  const output = show(place, { site, input, output: f(input, pre ? norm : (y) => y), residual: onto, norm });
  const change = shape.norm.output ? normOf(shape, weights, `${at}.outputNorm`)(output) : output;
  const sum = tf.add(onto, dropout(change, place.dropout, place.noise));
  return pre ? sum : norm(sum);
}
