import type { ModelShape } from '../../shape';
import type { Stack } from '../../site';
import type { Config } from '../fields';
import type { Rule } from '../rules';

/**
 * All that the reader of checkpoints knows of a family. Whatever a config.json or weight file holds beyond it is refused
 * by name, so that nothing is passed over in silence.
 */
export interface FamilyTable {
  /** The shape that a config describes. Keys that it looks at count as used, the others must be harmless. */
  readonly shape: (config: Config) => ModelShape;
  /** The stacks that a model of this family has, each of at least one layer. */
  readonly stacks: readonly Stack[];
  /** Keys that change no number of this family, beside those of every family (`harmless.ts`). */
  readonly harmlessKeys: readonly string[];
  /** Stored names, without the model's own prefix, and the weights that they hold; the first that fits counts. */
  readonly tensors: readonly Rule[];
  /** Stored names of what no forward pass here reads: heads of other tasks, buffers made from the config. */
  readonly harmlessTensors: readonly RegExp[];
}
