import type { SpecialIds } from '../special';
import type { GenerationSettings } from './settings';

/**
 * What a row may not say next: changes its scores in place. @param text prompt and generated tokens @param generated
 * how many of them are new
 */
export type Constrain = (scores: Float32Array, text: readonly number[], generated: number) => void;

/** All rules of the settings and of the model, or undefined where there are none. */
export function constraintsOf(
  { maxNewTokens, minNewTokens, noRepeatNgram }: GenerationSettings,
  { end, forcedFirst, forcedLast }: SpecialIds,
): Constrain | undefined {
  if (minNewTokens === 0 && noRepeatNgram === 0 && forcedFirst === null && forcedLast === null) return undefined;
  return (scores, text, generated) => {
    if (noRepeatNgram > 0) for (const token of repeats(text, noRepeatNgram)) scores[token] = -Infinity;
    if (generated < minNewTokens) for (const token of end) scores[token] = -Infinity;
    if (forcedFirst !== null && generated === 0) force(scores, forcedFirst);
    if (forcedLast !== null && generated === maxNewTokens - 1) force(scores, forcedLast);
  };
}

function force(scores: Float32Array, token: number): void {
  scores.fill(-Infinity);
  scores[token] = 0;
}

/** Tokens that would complete a run of n that the text already has. */
export function repeats(text: readonly number[], n: number): readonly number[] {
  const start = text.length - n + 1; // of the run that the next token completes
  if (start < 1) return [];
  const found: number[] = [];
  for (let i = 0; i < start; i++) {
    let k = 0;
    while (k < n - 1 && text[i + k] === text[start + k]) k++;
    if (k === n - 1) found.push(text[i + n - 1] as number);
  }
  return found;
}
