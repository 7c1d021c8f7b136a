import type { SpecialIds } from '../special';
import type { TokenRules } from './rules';
import type { GenerationSettings } from './settings';

/**
 * What a row may not say next: changes its scores in place. @param text prompt and generated tokens @param generated
 * how many of them are new
 */
export type Constrain = (scores: Float32Array, text: readonly number[], generated: number) => void;

/** All rules of the settings and of the model, or undefined where there are none. */
export function constraintsOf(
  { maxNewTokens, minNewTokens, noRepeatNgram: given }: GenerationSettings,
  { end, forcedFirst, forcedLast, rules }: SpecialIds,
): Constrain | undefined {
  const noRepeatNgram = given === 0 ? (rules?.noRepeatNgram ?? 0) : given;
  const own = rules === undefined ? undefined : ruled(rules, end);
  if (minNewTokens === 0 && noRepeatNgram === 0 && forcedFirst === null && forcedLast === null && own === undefined)
    return undefined;
  return (scores, text, generated) => {
    own?.before(scores, text);
    if (noRepeatNgram > 0) for (const token of repeats(text, noRepeatNgram)) scores[token] = -Infinity;
    if (generated < minNewTokens) for (const token of end) scores[token] = -Infinity;
    // A target's first token, not what follows a prompt: as in transformers.
    if (forcedFirst !== null && generated === 0 && text.length === 1) force(scores, forcedFirst);
    if (forcedLast !== null && generated === maxNewTokens - 1) force(scores, forcedLast);
    own?.after(scores, generated === (forcedFirst !== null && text.length - generated === 1 ? 1 : 0));
  };
}

/** The model's own rules, those before and after the others, in transformers' order; undefined where there are none. */
function ruled(
  { repetitionPenalty, badWords, suppressed, suppressedFirst }: TokenRules,
  end: readonly number[],
):
  | { before(scores: Float32Array, text: readonly number[]): void; after(scores: Float32Array, begins: boolean): void }
  | undefined {
  const bad = badWords.filter((word) => word.length > 1 || !end.includes(word[0] as number));
  if (repetitionPenalty === 1 && bad.length + suppressed.length + suppressedFirst.length === 0) return undefined;
  const shut = (scores: Float32Array, tokens: readonly number[]): void => {
    for (const token of tokens) if (token < scores.length) scores[token] = -Infinity;
  };
  return {
    before: (scores, text) => {
      if (repetitionPenalty !== 1)
        for (const token of new Set(text)) {
          const score = scores[token] as number;
          scores[token] = score < 0 ? score * repetitionPenalty : score / repetitionPenalty;
        }
      shut(
        scores,
        bad.filter((word) => endsWith(text, word.slice(0, -1))).map((word) => word[word.length - 1] as number),
      );
    },
    after: (scores, begins) => {
      shut(scores, suppressed);
      if (begins) shut(scores, suppressedFirst);
    },
  };
}

function endsWith(text: readonly number[], end: readonly number[]): boolean {
  return end.every((token, i) => text[text.length - end.length + i] === token);
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
