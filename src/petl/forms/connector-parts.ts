import type { ModelShape } from '../../model/shape';
import { stacksOf, tableWidth } from '../../model/shapes';
import type { Method } from '../design/types';
import { bertInit, kaiming, normParts, zeros, type Part } from './spec';

/** The names of a connector's tensors. */
export const connectorNames = {
  /** Of the second pass. */
  prompt: 'connector.prompt',
  norm: 'connector.norm',
  down: 'connector.down',
  up: 'connector.up',
} as const;

/**
 * A norm, W_down `[d, r]`, W_up `[r, w]` with w the width of word vectors, biases, and the second pass's own prompt as
 * long as the first's. Where the words are kept W_up starts at zero: training begins at one pass.
 */
export function connectorParts(
  { passes, prompt }: Pick<Method, 'passes' | 'prompt'>,
  shape: ModelShape,
): readonly Part[] {
  if (passes.kind === 'once') return [];
  const names = connectorNames;
  const { width } = shape;
  const words = tableWidth(shape);
  const dense = (name: string, [from, to]: readonly [number, number], init: Part['init']): readonly Part[] => [
    { name: `${name}.weight`, shape: [from, to], init },
    { name: `${name}.bias`, shape: [to], init: zeros, beside: true },
  ];
  return [
    ...(prompt.kind !== 'none' && isLast(shape)
      ? [{ name: names.prompt, shape: [prompt.length, words], init: bertInit }]
      : []),
    ...normParts(names.norm, width),
    ...dense(names.down, [width, passes.r], kaiming(width)),
    ...dense(names.up, [passes.r, words], passes.words === 'kept' ? zeros : bertInit),
  ];
}

/** Whether a prompt stands in the stack that runs twice: that of an encoder-decoder stands before its source. */
const isLast = (shape: ModelShape): boolean => stacksOf(shape).length === 1;
