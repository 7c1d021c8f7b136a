import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectRoot } from '../../project';
import { perplexity } from './perplexity';

interface Fixture {
  readonly loss: number;
  readonly sums: readonly number[];
  readonly targets: readonly (readonly number[])[];
}

describe('perplexity', () => {
  it('is e to the mean loss that transformers gives for the same targets', () => {
    const { loss, sums, targets } = JSON.parse(
      readFileSync(join(projectRoot(), 'src', 'training', 'fixtures', 'seq2seq.json'), 'utf8'),
    ) as Fixture;
    expect(
      perplexity(
        sums,
        targets.map((target) => target.length),
      ) / Math.exp(loss),
    ).toBeCloseTo(1, 6);
  });

  it('is the number of tokens where all are alike, however long the texts', () => {
    expect(
      perplexity(
        [3, 1, 9].map((tokens) => tokens * Math.log(50)),
        [3, 1, 9],
      ),
    ).toBeCloseTo(50, 10);
  });

  it('refuses nothing', () => {
    expect(() => perplexity([], [])).toThrow(/nothing to score/);
  });
});
