import { backend, dtypes, attrTypes } from './backend';
import { logSumExp, withGradient } from './layers';
import { hasKernels, kernel, kernels } from './native';
import { tf, type Tensor } from './tf';

/**
 * -log softmax(logits)[label] of each row: one op gives the loss and its gradient, no one-hot table over the
 * vocabulary.
 * @param logits `[M, V]` @param labels int32 `[M]` @returns `[M]`
 */
function sparseCrossEntropy(logits: Tensor, labels: Tensor): Tensor {
  return withGradient([logits], () => {
    const types = [
      ['T', dtypes.float32],
      ['Tlabels', dtypes.int32],
    ] as const;
    const attrs = types.map(([name, value]) => ({ name, type: attrTypes.type, value }));
    const [loss, slope] = backend().executeMultipleOutputs(
      'SparseSoftmaxCrossEntropyWithLogits',
      attrs,
      [logits, labels],
      2,
    ) as [Tensor, Tensor];
    return { value: loss, kept: [slope], gradient: (dy, _inputs, [saved]) => [tf.mul(tf.expandDims(dy, 1), saved)] };
  });
}

/**
 * Cross-entropy against a target that holds 1 - smoothing on the label and spreads smoothing evenly over all V classes.
 * @param logits `[M, V]` @param labels int32 `[M]` @returns `[M]`
 */
export function smoothedCrossEntropy(logits: Tensor, labels: Tensor, smoothing: number): Tensor {
  if (hasKernels()) return fusedCrossEntropy(logits, labels, smoothing);
  const sharp = sparseCrossEntropy(logits, labels);
  if (smoothing === 0) return sharp;
  const even = tf.sub(tf.squeeze(logSumExp(logits), [1]), tf.mean(logits, 1));
  return tf.add(tf.mul(sharp, 1 - smoothing), tf.mul(even, smoothing));
}

/** Keeps each row's log mass alone: the gradient goes over the logits once more. */
function fusedCrossEntropy(logits: Tensor, labels: Tensor, smoothing: number): Tensor {
  return withGradient([logits], () => {
    const [value, mass] = kernels('PetlCrossEntropy', [logits, labels], { first: smoothing }, 2) as [Tensor, Tensor];
    return {
      value,
      kept: [labels, mass],
      gradient: (dy, [x], [l, m]) => [kernel('PetlCrossEntropyGrad', [x, l, m, dy], { first: smoothing })],
    };
  });
}
