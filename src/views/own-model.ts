import { upload } from '../engine/memory';
import { tf } from '../engine/tf';
import { uploadBatch } from '../model/batch';
import { decode, vocabularyLogits } from '../model/decoder';
import { plainForward } from '../model/forward';
import { Generator } from '../model/generation/generate';
import { noAdaptation } from '../model/generation/reader';
import { greedy, type GenerationSettings } from '../model/generation/settings';
import { textStream } from '../model/generation/stream';
import type { Model } from '../model/open';
import { packTogether } from '../model/packing';
import { adaptationOf } from '../petl/forms/adaptation';
import type { Delta } from '../petl/bank/delta';
import { randomFrom } from '../random';

/** The decoder's scores of every word as the next token after `ids`. @returns `[vocabulary]` */
export function nextScores({ backbone }: Model, ids: readonly number[]): readonly number[] {
  let scores: readonly number[] = [];
  tf.tidy(() => {
    const batch = uploadBatch(packTogether([{ ids }]));
    const hidden = decode(backbone, batch, { ...plainForward, read: 'last' });
    scores = Array.from(vocabularyLogits(backbone, hidden).dataSync());
  });
  return scores;
}

export interface WriteOptions extends Partial<GenerationSettings> {
  /** A method on the model. */
  readonly delta?: Delta;
  /** Called with every piece of text as it comes; greedy and sampled search. */
  readonly onText?: (text: string) => void;
}

/** Lets a model continue `ids`, or write a target for them, and gives the new tokens. */
export async function write(
  model: Model,
  ids: readonly number[],
  { delta, onText, ...settings }: WriteOptions = {},
): Promise<readonly number[]> {
  const { tokenizer } = model;
  const generator = new Generator(model.backbone, delta === undefined ? noAdaptation : adaptationOf(delta));
  const pieces =
    onText === undefined
      ? undefined
      : tokenizer === undefined
        ? (token: number): void => {
            onText(`${token} `);
          }
        : textStream(tokenizer, onText);
  try {
    const onToken =
      pieces &&
      ((_row: number, token: number): void => {
        pieces(token);
      });
    const [found] = await generator.generate([ids], {
      settings: { ...greedy, ...settings },
      special: model.special,
      ...(onToken && { onToken }),
    });
    return found?.tokens ?? [];
  } finally {
    generator.dispose();
  }
}

/**
 * Replaces every variable of a delta by small random numbers, so that a method changes the model although it never
 * trained.
 */
export function disturb(delta: Delta, size: number): void {
  const random = randomFrom(2);
  delta.assign(
    Object.fromEntries(
      Object.entries(delta.variables).map(([name, { shape, size: n }]) => [
        name,
        upload(
          Float32Array.from({ length: n }, () => size * (2 * random() - 1)),
          shape,
        ),
      ]),
    ),
  );
}
