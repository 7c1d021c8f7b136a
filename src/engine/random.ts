import { rawOp } from './backend';
import { withGradient } from './gradient';
import { hasKernels, kernel } from './native';
import { tf, type Tensor } from './tf';

/**
 * Uniform numbers in [0, 1) that depend on nothing but the seed: `tf.randomUniform` draws in JavaScript and would
 * become a
 * constant of the program.
 * @param seed int32 `[2]` @param stream distinguishes draws with one seed
 */
export function statelessUniform(shape: readonly number[], seed: Tensor, stream: number): Tensor {
  const own = tf.add(seed, tf.tensor1d([0, stream], 'int32'));
  return rawOp('StatelessRandomUniform', { dtype: 'float32', T: 'int32', Tseed: 'int32' }, [
    tf.tensor1d([...shape], 'int32'),
    own,
  ]);
}

/** Where dropout takes its randomness from: one seed a step, one stream a call. */
export interface Noise {
  /** int32 `[2]` */
  readonly seed: Tensor;
  /** What a kernel draws from for something of so many blocks: the seed, of a shard with the place of each block. */
  seedOf(blocks: number): Tensor;
  next(): number;
}

/** Where rows and sequences of a shard stand in the whole batch: how many that has, and the place of each. */
export type Places = {
  /** int32 `[1 + N]` for each sort of packed rows, of different N */
  readonly rows: readonly Tensor[];
  /** int32 `[1 + B]`; the sequences of a grid stand in theirs as the first of all do in the batch */
  readonly sequences: Tensor;
};

/** @param seed int32 `[2]`, another for every step @param places of a shard, which then draws what the whole would */
export function noise(seed: Tensor, places?: Places): Noise {
  let stream = 0;
  return {
    seed,
    seedOf: (blocks) => (places === undefined ? seed : tf.concat([seed, placesOf(places, blocks)])),
    next: () => stream++,
  };
}

function placesOf({ rows, sequences }: Places, blocks: number): Tensor {
  const all = sequences.size - 1;
  const found = [...rows, sequences].find(({ size }) => size === blocks + 1);
  if (found === undefined && all % blocks > 0) throw new Error(`a shard has no ${blocks} rows to draw for`);
  return found ?? tf.slice(sequences, [0], [1 + blocks]);
}

/**
 * Sets a share `rate` of the elements to 0 and scales the rest by 1 / (1 - rate); without noise (evaluation) returns x.
 */
export function dropout(x: Tensor, rate: number, source: Noise | undefined): Tensor {
  if (rate === 0 || source === undefined) return x;
  return withGradient([x], () => {
    const { kept, apply } = thinning(x.shape, rate, source);
    return { value: apply(x, kept), kept, gradient: (dy, _inputs, saved) => [apply(dy, saved)] };
  });
}

/** Dropout as the linear map that it is, the same for values and for gradients. `kept`: tensors that both need. */
export interface Thinning {
  readonly kept: readonly Tensor[];
  readonly apply: (x: Tensor, kept: readonly Tensor[]) => Tensor;
}

/** The kernel draws the same numbers again wherever they are needed; without it the factors are kept. */
export function thinning(shape: readonly number[], rate: number, { seed, seedOf, next }: Noise): Thinning {
  const stream = next();
  if (hasKernels())
    return {
      kept: [seedOf(shape[0] ?? 1)],
      apply: (x, kept) => kernel('PetlDropout', [x, kept[0] as Tensor], { first: rate, stream }),
    };
  const open = tf.greaterEqual(statelessUniform(shape, seed, stream), rate);
  return { kept: [tf.mul(tf.cast(open, 'float32'), 1 / (1 - rate))], apply: (x, kept) => tf.mul(x, kept[0] as Tensor) };
}
