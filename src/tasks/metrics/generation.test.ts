import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectRoot } from '../../project';
import { bleu, tokenize13a } from './bleu';
import { chrf } from './chrf';
import { porterStem } from './porter';
import { rouge } from './rouge';

interface Fixture {
  readonly stems: Readonly<Record<string, string>>;
  readonly tokens13a: readonly string[];
  readonly cases: readonly {
    readonly hypotheses: readonly string[];
    readonly references: readonly string[];
    readonly scores: Readonly<
      Record<'bleu' | 'bleuNone' | 'chrf' | 'rouge1' | 'rouge2' | 'rougeL' | 'rougeLsum', number>
    >;
  }[];
}
const { stems, tokens13a, cases } = JSON.parse(
  readFileSync(join(projectRoot(), 'scripts', 'fixtures', 'generation-metrics.json'), 'utf8'),
) as Fixture;

describe('the metrics of generated text', () => {
  it.each(cases)('equal sacrebleu and rouge_score on case %#', ({ hypotheses, references, scores }) => {
    expect(bleu(hypotheses, references)).toBeCloseTo(scores.bleu, 10);
    expect(bleu(hypotheses, references, 'none')).toBeCloseTo(scores.bleuNone, 10);
    expect(chrf(hypotheses, references)).toBeCloseTo(scores.chrf, 10);
    const { rouge1, rouge2, rougeL, rougeLsum } = scores;
    for (const [name, value] of Object.entries({ rouge1, rouge2, rougeL, rougeLsum })) {
      expect(rouge(hypotheses, references)[name as keyof ReturnType<typeof rouge>], name).toBeCloseTo(value, 12);
    }
  });

  it('stem as NLTK does', () => {
    expect(Object.fromEntries(Object.keys(stems).map((word) => [word, porterStem(word)]))).toEqual(stems);
  });

  it('tokenize as mteval-v13a does', () => {
    const texts = cases[cases.length - 1]?.hypotheses ?? [];
    expect(texts.map((text) => tokenize13a(text).join(' '))).toEqual(tokens13a);
  });

  it('refuse nothing to score and lists of different length', () => {
    for (const metric of [bleu, chrf, rouge]) {
      expect(() => metric([], [])).toThrow(/nothing to score/);
      expect(() => metric(['a'], ['a', 'b'])).toThrow('1 texts for 2 references');
    }
  });
});
