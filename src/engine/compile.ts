import { Program, type Precision, type ProgramTimes } from './program';
import { tf, type Tensor } from './tf';
import { leaves, rebuild, signature, type Tree } from './tree';

export type Engine = 'compiled' | 'eager';

/** A step that runs as one TensorFlow graph per set of input shapes. */
export interface Compiled<I extends readonly Tree[], O extends Tree> {
  (...inputs: I): O;
  /** What each program made so far cost. */
  times(): readonly ProgramTimes[];
  /** Drops every program; the next call records again. */
  dispose(): void;
}

/**
 * What `jax.jit` is to JAX: records `step`, ordinary tfjs code with its own gradients, once per set of shapes, and
 * replays
 * the recording as one TensorFlow graph. The step must be pure: tensors in, tensors out, randomness from a seed that is
 * fed. Tensors of the outside world that it reads (frozen weights) are fed at every run and never copied.
 * `engine: 'eager'` runs the step op by op: the reference that tests compare with.
 * @param shards chains of ops that the program computes side by side for these inputs; one where left out
 */
export function compile<I extends readonly Tree[], O extends Tree>(
  step: (...inputs: I) => O,
  engine: Engine = 'compiled',
  precision: Precision = 'float32',
  shards?: (...inputs: I) => number,
): Compiled<I, O> {
  const programs = new Map<string, { program: Program; output: Tree }>();
  const make = (inputs: I): { program: Program; output: Tree } => {
    let output: Tree = [];
    const program = new Program(
      (flat) => {
        output = step(...(rebuild(inputs, flat) as unknown as I));
        return leaves(output);
      },
      leaves(inputs),
      { precision, shards: shards?.(...inputs) ?? 1 },
    );
    return { program, output: skeleton(output) };
  };
  const run = (...inputs: I): O => {
    if (engine === 'eager') return tf.tidy(() => owned(step(...inputs)) as tf.TensorContainer) as unknown as O;
    const key = signature(inputs);
    const entry = programs.get(key) ?? make(inputs);
    programs.set(key, entry);
    return rebuild(entry.output, entry.program.run(leaves(inputs))) as O;
  };
  const dispose = (): void => {
    for (const { program } of programs.values()) program.dispose();
    programs.clear();
  };
  return Object.assign(run, { times: () => [...programs.values()].map((p) => p.program.times()), dispose });
}

/** Outputs that belong to the caller, also where a step hands an input through. */
function owned(tree: Tree): Tree {
  return rebuild(
    tree,
    leaves(tree).map((t) => t.clone()),
  );
}

/** The tree without its recorded tensors: one placeholder serves as every leaf. */
function skeleton(tree: Tree): Tree {
  return rebuild(
    tree,
    leaves(tree).map((t: Tensor) => t),
  );
}
