import { bleu } from './metrics/bleu';
import { chrf } from './metrics/chrf';
import { rouge, type Rouge } from './metrics/rouge';
import { cosines, idfVectors, largest, wordIndex } from './overlap';
import type { GenerationExample } from './generation';
import type { TaskData } from './task';

type Data = TaskData<GenerationExample>;

/** BLEU and chrF in percent, ROUGE from 0 to 1 (of use for English targets only). */
export interface TextScores extends Rouge {
  readonly bleu: number;
  readonly chrf: number;
}

export function textScores(hypotheses: readonly string[], references: readonly string[]): TextScores {
  return { bleu: bleu(hypotheses, references), chrf: chrf(hypotheses, references), ...rouge(hypotheses, references) };
}

export interface Baseline {
  readonly name: 'copy' | 'lead' | 'nearest' | 'oracle';
  readonly about: string;
  /** One text for each test example. */
  readonly outputs: readonly string[];
}

/**
 * What answers without a model score on a generation task; a method should be above all but `oracle`, which looks at
 * the target.
 */
export function generationBaselines(data: Data): readonly Baseline[] {
  const words = medianLength(data.train);
  return [
    { name: 'copy', about: 'the source text as it is', outputs: data.test.map(({ text }) => text) },
    {
      name: 'lead',
      about: `the first ${words} words of the source, the median length of a target`,
      outputs: data.test.map(({ text }) => split(text).slice(0, words).join(' ')),
    },
    {
      name: 'nearest',
      about: 'the target of the training source with the highest IDF-cosine',
      outputs: nearestTargets(data),
    },
    {
      name: 'oracle',
      about: 'the words of the target that the source holds, in the order of the target',
      outputs: data.test.map(sharedWords),
    },
  ];
}

function split(text: string): readonly string[] {
  return text.split(/\s+/);
}

function medianLength(examples: readonly GenerationExample[]): number {
  const lengths = examples.map(({ target }) => split(target).length).sort((a, b) => a - b);
  return lengths[Math.floor(lengths.length / 2)] ?? 1;
}

function nearestTargets({ train, test }: Data): readonly string[] {
  const vectorOf = idfVectors(train.map(({ text }) => text));
  const index = wordIndex(train.map(({ text }) => vectorOf(text)));
  return test.map(({ text }) => {
    const [best = 0] = largest(cosines(vectorOf(text), index), 1);
    return train[best]?.target ?? '';
  });
}

function sharedWords({ text, target }: GenerationExample): string {
  const bare = (word: string): string => word.toLowerCase().replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, '');
  const source = new Set(split(text).map(bare));
  return split(target)
    .filter((word) => source.has(bare(word)))
    .join(' ');
}
