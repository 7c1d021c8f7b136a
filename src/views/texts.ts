import { tf, type Tensor } from '../engine/tf';
import { uploadBatch, type Batch } from '../model/batch';
import { decode } from '../model/decoder';
import { encode } from '../model/encoder';
import { plainForward } from '../model/forward';
import { meanPool } from '../model/heads';
import type { Model } from '../model/open';
import { packTogether, type PackedArrays } from '../model/packing';
import { untouched, type Visit } from '../model/site';
import { UserError } from '../errors';
import { noTokenizer } from '../model/tokenizer-place';

const maxLength = 128;
const specialTokens = ['[CLS]', '[SEP]', '[UNK]', '[PAD]', '<s>', '</s>', '<|endoftext|>'];

/** A text as the model reads it. */
export interface Tokens {
  readonly ids: readonly number[];
  readonly types: readonly number[];
  readonly words: readonly string[];
}

/** Token ids of texts, special tokens included, and each token as text. */
export function tokenize({ name, tokenizer }: Model, texts: readonly string[]): readonly Tokens[] {
  if (tokenizer === undefined) throw noTokenizer(name);
  const special = new Map(specialTokens.map((token) => [tokenizer.idOf(token), token]));
  return texts.map((text) => {
    const { ids, typeIds } = tokenizer.encode({ text, pair: null }, maxLength);
    return {
      ids: [...ids],
      types: [...typeIds],
      words: [...ids].map((id) => special.get(id) ?? tokenizer.decode([id])),
    };
  });
}

/** Texts as packed rows: the real tokens one after another, and one filler row where the grid has padding. */
export function packTexts(model: Model, texts: readonly string[]): PackedArrays {
  return packTogether(tokenize(model, texts));
}

/** Runs the frozen model over texts, one pass, and shows every site to `visit`. Tensors live during the pass alone. */
export function visitTexts(model: Model, texts: readonly string[], visit: Visit): void {
  withBatch(model, texts, (batch) => void lastHidden(model, batch, visit));
}

/** One vector for each text: the mean of its tokens' last hidden states, of length 1. */
export function textVectors(model: Model, texts: readonly string[]): readonly (readonly number[])[] {
  return withBatch(model, texts, (batch) => {
    const pooled = meanPool(lastHidden(model, batch, untouched), batch);
    return tf.div(pooled, tf.norm(pooled, 2, 1, true)).arraySync() as number[][];
  });
}

/** Root mean square of a tensor's elements. */
export function rms(x: Tensor): number {
  return tf.tidy(() => tf.sqrt(tf.mean(tf.square(x))).dataSync()[0] ?? NaN);
}

/** Calls `use` with the texts on the device, and frees everything that it made. */
export function withBatch<T>(model: Model, texts: readonly string[], use: (batch: Batch) => T): T {
  let result: T | undefined;
  tf.tidy(() => {
    result = use(uploadBatch(packTexts(model, texts)));
  });
  return result as T;
}

/** Last hidden states `[N, d]` of an encoder or a decoder. */
export function lastHidden({ name, backbone }: Model, batch: Batch, visit: Visit): Tensor {
  const { encoderLayers, decoderLayers } = backbone.shape;
  if (encoderLayers > 0 && decoderLayers > 0)
    throw new UserError(`model "${name}" reads two texts, a source and a target: choose an encoder or a decoder here`);
  return encoderLayers > 0
    ? encode(backbone, batch, { ...plainForward, visit })
    : decode(backbone, batch, { ...plainForward, visit });
}
