import { gatedSilu, gelu, geluTanh, halfGelu, linear, relu, silu } from '../engine/layers';
import { tf, type Tensor } from '../engine/tf';
import { biasOf, project, show, weightOf, type Place } from './place';
import { passes } from './site';

const activations = { gelu, geluTanh, relu, silu } as const;

/** act(x W_1 + b_1) W_2 + b_2, or act(x W_gate) * (x W_up) in the middle. @param x `[N, d]` @returns `[N, d]` */
export function feedForward(place: Place, x: Tensor): Tensor {
  const { shape, visit } = place;
  if (shape.activation === 'gelu' && !shape.gatedFfn && passes(visit, 'ffn.up', 'ffn.mid', 'ffn.down'))
    return foldedFeedForward(place, x);
  const activation = activations[shape.activation];
  const up = project(place, 'ffn.up', x);
  const gated = (gate: Tensor): Tensor =>
    shape.activation === 'silu' ? gatedSilu(gate, up) : tf.mul(activation(gate), up);
  const middle = shape.gatedFfn ? gated(project(place, 'ffn.gate', x)) : activation(up);
  return project(place, 'ffn.down', show(place, { site: 'ffn.mid', input: x, output: middle }));
}

/**
 * The same where nobody looks inside. gelu(u) = c z (1 + erf z) with z = c u and c = 1 / sqrt(2): both factors go into
 * the
 * matrices, which are smaller than the middle and, frozen, are scaled once.
 */
function foldedFeedForward(place: Place, x: Tensor): Tensor {
  const { shape } = place;
  const scaled = (name: string): Tensor => tf.mul(weightOf(place, name), Math.SQRT1_2);
  const biased = shape.biases.ffn;
  const middle = halfGelu(linear(x, scaled('ffn.up.weight'), biased ? scaled('ffn.up.bias') : undefined));
  return linear(middle, scaled('ffn.down.weight'), biasOf(place, 'ffn.down'));
}
