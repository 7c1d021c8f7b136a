import type { ModelShape } from '../../model/shape';
import { tableWidth } from '../../model/shapes';
import type { WrittenPrompt } from '../design/types';
import { encodedWidth } from '../design/prompt';
import { bertInit, kaiming, normParts, zeros, type Part } from './spec';

/** The names of a generator's tensors. */
export const generatorNames = {
  vectors: 'prompt.vectors',
  query: 'prompt.query.weight',
  key: 'prompt.key.weight',
  value: 'prompt.value.weight',
  mix: 'prompt.mix.weight',
  norm: 'prompt.norm',
  weight: 'prompt.out.weight',
  bias: 'prompt.out.bias',
  /** Prompts that were written before `[B, l, d]`: none of its own tensors. */
  written: 'prompt.written',
} as const;

/**
 * P0 `[l, q]`, W_q and W_o `[q, q]`, W_k and W_v `[e, q]`, a norm, and the map to the model's word vectors. W_o starts at
 * zero: training begins at a prompt that is the same for all inputs, plain prompt tuning.
 */
export function generatorParts(prompt: WrittenPrompt, shape: ModelShape): readonly Part[] {
  const { length, width } = prompt;
  const encoded = encodedWidth(prompt, shape);
  const names = generatorNames;
  const matrix = (name: string, from: number, init: Part['init']): Part => ({ name, shape: [from, width], init });
  return [
    { name: names.vectors, shape: [length, width], init: { kind: 'normal', std: 1 } },
    matrix(names.query, width, kaiming(width)),
    matrix(names.key, encoded, kaiming(encoded)),
    matrix(names.value, encoded, kaiming(encoded)),
    matrix(names.mix, width, zeros),
    ...normParts(names.norm, width),
    { name: names.weight, shape: [width, tableWidth(shape)], init: bertInit },
    { name: names.bias, shape: [tableWidth(shape)], init: zeros, beside: true },
  ];
}
