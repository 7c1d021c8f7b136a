import { tf, type Tensor } from '../engine/tf';
import { crossEntropy } from '../model/heads';
import type { Scores } from './evaluate';

/** What the outputs of a head on a pooled text are held against. B examples. */
export interface Objective {
  /** Whether label smoothing has a meaning for it. */
  readonly smooths: boolean;
  /** Loss of each example `[B]`. @param outputs `[B, outputs]` */
  readonly loss: (outputs: Tensor, labels: Tensor, smoothing: number) => Tensor;
  /** Of every label of every example, those of an example one after another. */
  readonly score: (outputs: Tensor, labels: Tensor) => Required<Scores>;
}

/** One of several classes: labels int32 `[B]`; scored by whether the largest output is the right one. */
export const oneClass: Objective = {
  smooths: true,
  loss: crossEntropy,
  score: (outputs, labels) => {
    const best = tf.argMax(outputs, 1);
    return {
      nll: crossEntropy(outputs, labels, 0),
      value: tf.cast(tf.equal(best, labels), 'float32'),
      answer: tf.cast(best, 'float32'),
    };
  },
};

/** A number: labels float `[B]`, one output; the loss is the squared error, as BERT's regression head has it. */
export const oneNumber: Objective = {
  smooths: false,
  loss: (outputs, labels) => squaredError(outputs, labels),
  score: (outputs, labels) => {
    const error = squaredError(outputs, labels);
    return { nll: error, value: tf.neg(error), answer: tf.reshape(outputs, [-1]) };
  },
};

/** Any of several labels: labels float `[B, outputs]`, 1 or 0; an output above 0 says that its label holds. */
export const anyLabels: Objective = {
  smooths: false,
  loss: (outputs, labels) => tf.mean(yesOrNo(outputs, labels), 1),
  score: (outputs, labels) => {
    const said = tf.cast(tf.greater(outputs, 0), 'float32');
    const flat = (x: Tensor): Tensor => tf.reshape(x, [-1]);
    return {
      nll: flat(yesOrNo(outputs, labels)),
      value: flat(tf.cast(tf.equal(said, labels), 'float32')),
      answer: flat(said),
    };
  },
};

function squaredError(outputs: Tensor, labels: Tensor): Tensor {
  return tf.square(tf.sub(tf.reshape(outputs, [-1]), labels));
}

/** Negative log-likelihood of each decision, natural log: softplus(x) - x y, in a form that never overflows. */
function yesOrNo(outputs: Tensor, labels: Tensor): Tensor {
  const positive = tf.relu(outputs);
  return tf.add(tf.sub(positive, tf.mul(outputs, labels)), tf.log1p(tf.exp(tf.neg(tf.abs(outputs)))));
}
