import { gelu, layerNorm, linear } from '../../engine/layers';
import { tf, type Tensors } from '../../engine/tf';
import type { Again } from '../../model/forward';
import type { Method } from '../design/types';
import { need } from './attend';
import { connectorNames as names } from './connector-parts';

/** The second pass of a method, for `Forward.again`; undefined where there is none. */
export function againOf({ passes }: Method, tensors: Tensors): Again | undefined {
  if (passes.kind === 'once') return undefined;
  const own = (name: string, part: string) => need(tensors, `${name}.${part}`);
  return {
    prompt: tensors[names.prompt],
    words: (states, words) => {
      const normed = layerNorm(states, own(names.norm, 'gain'), own(names.norm, 'bias'), 1e-5);
      const hidden = gelu(linear(normed, own(names.down, 'weight'), own(names.down, 'bias'))); // [N, r]
      const made = linear(hidden, own(names.up, 'weight'), own(names.up, 'bias')); // [N, w]
      return passes.words === 'kept' ? tf.add(words(), made) : made;
    },
  };
}
