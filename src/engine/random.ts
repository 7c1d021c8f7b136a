import { rawOp } from './backend';
import { tf, type Tensor } from './tf';

/**
 * Uniform numbers in [0, 1) that depend on nothing but the seed: `tf.randomUniform` draws in JavaScript and would become a
 * constant of the program.
 * @param seed int32 `[2]` @param stream distinguishes draws with one seed
 */
export function statelessUniform(shape: readonly number[], seed: Tensor, stream: number): Tensor {
  const own = tf.add(seed, tf.tensor1d([0, stream], 'int32'));
  return rawOp('StatelessRandomUniform', { dtype: 'float32', T: 'int32', Tseed: 'int32' }, [tf.tensor1d([...shape], 'int32'), own]);
}

/** Where dropout takes its randomness from: one seed a step, one stream a call. */
export interface Noise { readonly seed: Tensor; next(): number }

/** @param seed int32 `[2]`, another for every step */
export function noise(seed: Tensor): Noise {
  let stream = 0;
  return { seed, next: () => stream++ };
}

/** Sets a share `rate` of the elements to 0 and scales the rest by 1 / (1 - rate); without noise (evaluation) returns x. */
export function dropout(x: Tensor, rate: number, source: Noise | undefined): Tensor {
  const factors = dropoutFactors(x.shape, rate, source);
  return factors === undefined ? x : tf.mul(x, factors);
}

/** What dropout multiplies by: 0 or 1 / (1 - rate); undefined where it does nothing. */
export function dropoutFactors(shape: readonly number[], rate: number, source: Noise | undefined): Tensor | undefined {
  if (rate === 0 || source === undefined) return undefined;
  const kept = tf.greaterEqual(statelessUniform(shape, source.seed, source.next()), rate);
  return tf.mul(tf.cast(kept, 'float32'), 1 / (1 - rate));
}
