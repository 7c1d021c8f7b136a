import type { Tensor } from '../engine/tf';
import { wordVectors, type Tokens } from './embedding';
import type { Forward, Frozen } from './forward';
import type { Recall } from './place';
import { layersOf } from './shapes';
import type { Stack } from './site';

/** Which stack of which model runs, and on what. */
interface Passing {
  readonly frozen: Frozen;
  readonly stack: Stack;
  readonly tokens: Tokens;
}

/**
 * Runs a stack once, or where the forward says so twice with the same weights: what the first pass makes is what the
 * second reads in place of words.
 * @param run one pass
 */
export function inPasses(
  { frozen, stack, tokens }: Passing,
  { again, ...forward }: Forward,
  run: (forward: Forward, pass: 0 | 1) => Tensor,
): Tensor {
  if (again === undefined) return run(forward, 0);
  const states = run({ ...forward, read: 'all' }, 0);
  const words = again.words(states, () => wordVectors(frozen, stack, tokens, forward));
  const { promptFrom: _, ...second } = forward;
  return run({ ...second, words, prompt: again.prompt }, 1);
}

/** Keys and values of a second pass stand behind those of the first; what is attended over across is the same in both. */
export function recallIn(pass: 0 | 1, { shape }: Frozen, recall: Recall): Recall {
  const layers = pass * layersOf(shape, 'decoder');
  return (kind, layer, make) => recall(kind, kind === 'attn' ? layer + layers : layer, make);
}
