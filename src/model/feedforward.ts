import { gelu, geluTanh, halfGelu, linear, relu, silu } from '../engine/layers';
import { tf, type Tensor } from '../engine/tf';
import { project, show, weightOf, type Place } from './place';
import { passes } from './site';

const activations = { gelu, geluTanh, relu, silu } as const;

/** act(x W_1 + b_1) W_2 + b_2, or act(x W_gate) * (x W_up) in the middle. @param x `[N, d]` @returns `[N, d]` */
export function feedForward(place: Place, x: Tensor): Tensor {
  const { shape, visit } = place;
  if (shape.activation === 'gelu' && !shape.gatedFfn && passes(visit, 'ffn.up', 'ffn.mid', 'ffn.down')) return foldedFeedForward(place, x);
  const activation = activations[shape.activation];
  const up = project(place, 'ffn.up', 'ffn.up', x);
  const middle = shape.gatedFfn ? tf.mul(activation(linear(x, weightOf(place, 'ffn.gate.weight'))), up) : activation(up);
  return project(place, 'ffn.down', 'ffn.down', show(place, { site: 'ffn.mid', input: x, output: middle }));
}

/**
 * The same where nobody looks inside. gelu(u) = c z (1 + erf z) with z = c u and c = 1 / sqrt(2): both factors go into the
 * matrices, which are smaller than the middle, and the middle is made in slices of rows that stay in the processor's cache.
 */
function foldedFeedForward(place: Place, x: Tensor): Tensor {
  const scaled = (name: string): Tensor => tf.mul(weightOf(place, name), Math.SQRT1_2);
  const [up, upBias, down] = [scaled('ffn.up.weight'), scaled('ffn.up.bias'), scaled('ffn.down.weight')];
  const bias = weightOf(place, 'ffn.down.bias');
  const parts = slices(x, place.shape.ffnWidth).map((rows) => linear(halfGelu(linear(rows, up, upBias)), down, bias));
  return parts.length === 1 ? parts[0] as Tensor : tf.concat(parts, 0);
}

const cached = Number(process.env['CHUNK'] ?? 2 ** 19);

/** Rows of x in equal slices whose middles, `[rows, width]`, hold about `cached` numbers. */
function slices(x: Tensor, width: number): readonly Tensor[] {
  const rows = x.shape[0] as number;
  const count = Math.max(1, Math.round(rows * width / cached));
  const size = Math.ceil(rows / count / 8) * 8;
  const sizes = Array.from({ length: Math.ceil(rows / size) }, (_, i) => Math.min(size, rows - i * size));
  return sizes.length === 1 ? [x] : tf.split(x, sizes, 0);
}
