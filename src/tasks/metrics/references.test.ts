import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectRoot } from '../../project';
import { answerF1 } from './answers';
import { cider, multiBleu, nist } from './references';

interface Fixture {
  readonly corpora: readonly {
    readonly hypotheses: readonly string[];
    readonly references: readonly (readonly string[])[];
    readonly scores: Readonly<Record<'multiBleu' | 'nist' | 'cider', number>>;
  }[];
  readonly answers: readonly { readonly answer: string; readonly references: readonly string[]; readonly f1: number }[];
}
const { corpora, answers } = JSON.parse(
  readFileSync(join(projectRoot(), 'scripts', 'fixtures', 'reference-metrics.json'), 'utf8'),
) as Fixture;

describe('metrics with several references', () => {
  it.each(corpora)('equal sacrebleu, NLTK and coco-caption on corpus %#', ({ hypotheses, references, scores }) => {
    expect(multiBleu(hypotheses, references)).toBeCloseTo(scores.multiBleu, 8);
    expect(nist(hypotheses, references)).toBeCloseTo(scores.nist, 8);
    expect(cider(hypotheses, references)).toBeCloseTo(scores.cider, 8);
    expect(scores.nist).toBeGreaterThan(1);
  });

  it('multi-bleu smooths nothing: without a run of four words it is 0', () => {
    expect(multiBleu(['one two three'], [['one two three']])).toBe(0);
  });

  it.each(answers)("F1 of $answer is that of CoQA's script", ({ answer, references, f1 }) => {
    expect(answerF1(answer, references)).toBeCloseTo(f1, 12);
  });

  it('refuse nothing to score and lists of different length', () => {
    for (const metric of [multiBleu, nist, cider]) {
      expect(() => metric([], [])).toThrow('nothing to score');
      expect(() => metric(['a'], [[]])).toThrow('every text needs a reference');
      expect(() => metric(['a', 'b'], [['a']])).toThrow('2 texts for 1 references');
    }
  });
});
