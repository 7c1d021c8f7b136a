import { UserError } from '../errors';
import { accuracy } from './metrics/classification';
import { cosine, idfVectors, wordsOf } from './overlap';
import type { ClassificationExample } from './classification';
import type { TaskData } from './task';

type Examples = readonly ClassificationExample[];

/** Test accuracy of always answering the label that is most frequent in training. */
export function majority({ train, test }: TaskData<ClassificationExample>): number {
  const counts = new Map<number, number>();
  for (const { label } of train) counts.set(label, (counts.get(label) ?? 0) + 1);
  const [best] = [...counts].sort(([, a], [, b]) => b - a);
  return accuracy(
    test.map(() => best?.[0] ?? 0),
    labelsOf(test),
  );
}

/** Test accuracy of one threshold on the IDF-cosine of the two texts, the best one on training; for two labels. */
export function overlapThreshold({ train, test }: TaskData<ClassificationExample>): number {
  const vectorOf = idfVectors(train.flatMap(({ text, pair }) => [text, need(pair)]));
  const overlaps = (examples: Examples): readonly number[] =>
    examples.map(({ text, pair }) => cosine(vectorOf(text), vectorOf(need(pair))));
  const threshold = bestThreshold(overlaps(train), labelsOf(train));
  return accuracy(
    overlaps(test).map((overlap) => Number(overlap >= threshold)),
    labelsOf(test),
  );
}

function bestThreshold(values: readonly number[], labels: readonly number[]): number {
  const items = values
    .map((value, item) => ({ value, step: labels[item] === 1 ? 1 : -1 }))
    .sort((a, b) => b.value - a.value);
  let [correct, best, threshold] = [0, 0, Infinity];
  items.forEach(({ value, step }, item) => {
    correct += step;
    if (correct <= best || items[item + 1]?.value === value) return;
    [best, threshold] = [correct, value];
  });
  return threshold;
}

/**
 * Test accuracy of a naive Bayes classifier over the words of one text of each pair: what that text alone gives away.
 */
export function oneTextOnly({ train, test }: TaskData<ClassificationExample>, side: 'text' | 'pair'): number {
  const wordsIn = (example: ClassificationExample): readonly string[] => wordsOf(need(example[side]));
  const classes = [...new Set(labelsOf(train))].sort((a, b) => a - b);
  const scores = classes.map((label) => wordScores(train.filter((example) => example.label === label).map(wordsIn)));
  const predicted = test.map((example) => {
    const sums = scores.map((scoreOf) => wordsIn(example).reduce((sum, word) => sum + scoreOf(word), scoreOf(null)));
    return classes[sums.indexOf(Math.max(...sums))] ?? 0;
  });
  return accuracy(predicted, labelsOf(test));
}

/** Log-probability of a word in a class with add-one smoothing; of `null`, the class itself (up to a constant). */
function wordScores(texts: readonly (readonly string[])[]): (word: string | null) => number {
  const counts = new Map<string, number>();
  for (const words of texts) for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return (word) =>
    word === null ? Math.log(texts.length) : Math.log(((counts.get(word) ?? 0) + 1) / (texts.length + 2));
}

function labelsOf(examples: Examples): readonly number[] {
  return examples.map(({ label }) => label);
}

function need(text: string | null): string {
  if (text === null) throw new UserError('this control compares two texts: choose a task of sentence pairs');
  return text;
}
