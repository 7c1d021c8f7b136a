import { attend, detach, layerNorm, linear, matmul } from '../../engine/layers';
import { tf, type Tensor, type Tensors } from '../../engine/tf';
import { UserError } from '../../errors';
import { keyMask, layoutOf, sequencesIn, type Batch } from '../../model/batch';
import type { Frozen } from '../../model/forward';
import { readStates, withoutSlots } from '../../model/reading';
import type { Method, WrittenPrompt } from '../design/types';
import { need } from './attend';
import { generatorNames as names } from './generator-parts';

/** What a generator reads. */
export interface GeneratorReads {
  /** E, where it is another model than the one that the prompt is for. */
  readonly encoder?: Frozen | undefined;
  /** The texts, in the encoder's tokens; the batch itself where left out. */
  readonly texts?: Batch | undefined;
}

/** Makes the prompts of a batch, for `Forward.promptFrom`; undefined where the method writes none. */
export function promptWriter(
  { name, prompt }: Method,
  frozen: Frozen,
  tensors: Tensors,
  { encoder, texts }: GeneratorReads,
): ((batch: Batch) => Tensor) | undefined {
  if (prompt.kind !== 'written') return undefined;
  return (batch) => {
    const written = tensors[names.written];
    if (written !== undefined) return written;
    const own = prompt.encoder.kind === 'own' ? frozen : encoder;
    if (own === undefined || (texts === undefined && own !== frozen))
      throw new UserError(`${name} reads with another model, which is not open here: choose encoder=own, or a task`);
    return writePrompts(prompt, own, texts ?? withoutSlots(batch), tensors);
  };
}

/**
 * p(x) of every sequence of a batch, `[B, l, d]` (Levine et al. 2022, section 2). The encoder is frozen: no gradient
 * reaches it.
 */
export function writePrompts(prompt: WrittenPrompt, encoder: Frozen, texts: Batch, tensors: Tensors): Tensor {
  const { length, width } = prompt;
  const layers = prompt.encoder.kind === 'own' ? prompt.encoder.layers : undefined;
  const states = detach(readStates(encoder, texts, layers)); // [N, e]
  const rows = sequencesIn(texts) * length;
  const asked = tf.reshape(askStates(prompt, states, texts, tensors), [rows, width]);
  const mixed = tf.reshape(matmul(asked, need(tensors, names.mix)), [-1, length, width]);
  const sum = tf.reshape(tf.add(mixed, need(tensors, names.vectors)), [rows, width]);
  const normed = layerNorm(sum, need(tensors, `${names.norm}.gain`), need(tensors, `${names.norm}.bias`), 1e-5);
  const vectors = linear(normed, need(tensors, names.weight), need(tensors, names.bias)); // [B*l, d]
  return tf.reshape(vectors, [-1, length, vectors.shape[1] as number]);
}

/** softmax(Q K^T / sqrt(q / heads)) V by head, `[B, l, q]`. */
function askStates({ length, width, heads }: WrittenPrompt, states: Tensor, texts: Batch, tensors: Tensors): Tensor {
  const scale = 1 / Math.sqrt(width / heads);
  const question = tf.mul(matmul(need(tensors, names.vectors), need(tensors, names.query)), scale); // [l, q]
  const queries = tf.transpose(tf.reshape(question, [1, length, heads, width / heads]), [0, 2, 1, 3]);
  const layout = layoutOf(texts);
  const spread = (name: string): readonly Tensor[] =>
    layout.spreadHeads(matmul(states, need(tensors, name)), 1, heads)[0] ?? [];
  const [keys, values] = [spread(names.key), spread(names.value)];
  const answers = layout.grids.map(({ size }, g) => {
    const context = attend(
      {
        queries: tf.add(tf.zeros([size, 1, 1, 1]), queries), // [size, heads, l, q / heads]
        keys: keys[g] as Tensor,
        values: values[g] as Tensor,
        mask: keyMask(texts.keys[g] as Tensor),
      },
      undefined,
      false,
    );
    return tf.reshape(tf.transpose(context, [0, 2, 1, 3]), [size, length, width]);
  });
  return answers.length === 1 ? (answers[0] as Tensor) : tf.concat([...answers], 0);
}
