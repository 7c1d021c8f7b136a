import { rawOp } from './backend';
import { tf, type Tensor } from './tf';

/** A layer's value, what its gradient needs besides the inputs, and the gradient with respect to each input. */
export interface Layer {
  readonly value: Tensor;
  readonly kept?: readonly Tensor[];
  readonly gradient: (dy: Tensor, inputs: Saved, kept: Saved) => Tensor[];
}

/** Read by position: the tape hands back exactly what was saved. */
export type Saved = readonly Tensor[] & Readonly<Record<0 | 1 | 2 | 3, Tensor>>;

/** `tf.customGrad` that saves inputs and kept tensors: the gradient runs after the forward pass has been tidied. */
export function withGradient(inputs: readonly Tensor[], forward: () => Layer): Tensor {
  const custom = tf.customGrad(((...args: unknown[]) => {
    const save = args.pop() as (tensors: Tensor[]) => void;
    const { value, kept = [], gradient } = forward();
    save([...inputs, ...kept]);
    const gradFunc = (dy: Tensor, saved: Tensor[]): Tensor[] =>
      gradient(dy, saved.slice(0, inputs.length) as unknown as Saved, saved.slice(inputs.length) as unknown as Saved);
    return { value, gradFunc };
  }) as unknown as Parameters<typeof tf.customGrad>[0]);
  return custom(...(inputs as Tensor[]));
}

/** The same values, invisible to the gradient tape. */
export function detach(x: Tensor): Tensor {
  return rawOp('StopGradient', { T: 'float32' }, [x]);
}
