import * as v from 'valibot';
import { whole, type Schema } from '../json';
import { demandMadeFrom, readPart, type Origin } from '../tasks/collections/part';
import { jsonIn } from '../tasks/collections/stored';
import type { Judged } from './reranking';

/** When a collection is thought to hold no answer to a question. */
export interface NoAnswer {
  /** Relevance that the best passage of a question must have. */
  readonly least: number;
  /** Questions whose passage was found. */
  readonly questions: number;
  /** Of them those below `least`: as they are (false alarms), and once their passage is taken out (as it should be). */
  readonly below: { readonly with: number; readonly without: number };
}

const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
export const noAnswerIn: Schema<NoAnswer> = v.strictObject({
  ...{ least: share, questions: whole },
  below: v.strictObject({ with: whole, without: whole }),
});

/** The name of the part of an index that holds it. */
export const noAnswerPart = 'no-answer';

/** What validation says of a collection's re-ranker. @throws UserError where it does not, or for another re-ranker */
export function noAnswerOf(collection: string, from: Origin): NoAnswer {
  const part = readPart(collection, noAnswerPart);
  const reranking = readPart(collection, 'reranking').hash;
  demandMadeFrom(collection, noAnswerPart, part, { ...from, reranking });
  return jsonIn(collection, noAnswerPart, part, noAnswerIn);
}

/**
 * The relevance that best tells questions apart from the same questions with their passage taken out of what was found:
 * the threshold of the largest sum of the two shares that it tells, of equal ones the lowest. As with SQuAD 2.0
 * (Rajpurkar et al. 2018) it is one number, chosen on questions that are not those of the test.
 */
export function leastRelevance(judged: readonly Judged[]): NoAnswer {
  const { best, other } = bestOf(judged);
  let chosen = { least: 0, right: 0 };
  for (const least of [...best].sort((a, b) => a - b)) {
    const right = below(other, least) - below(best, least);
    if (right > chosen.right) chosen = { least, right };
  }
  return belowOf(judged, chosen.least);
}

/** How many of other questions a threshold tells. */
export function belowOf(judged: readonly Judged[], least: number): NoAnswer {
  const { best, other } = bestOf(judged);
  return { least, questions: best.length, below: { with: below(best, least), without: below(other, least) } };
}

/** The best relevance of each question whose passage was found, with that passage and without it. */
function bestOf(judged: readonly Judged[]): { readonly best: readonly number[]; readonly other: readonly number[] } {
  const found = judged.filter(({ gold }) => gold >= 0);
  return {
    best: found.map(({ relevance }) => Math.max(...relevance)),
    other: found.map(({ relevance, gold }) => Math.max(0, ...relevance.filter((_, i) => i !== gold))),
  };
}

function below(values: readonly number[], least: number): number {
  return values.filter((value) => value < least).length;
}
