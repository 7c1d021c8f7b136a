import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lineScores, squadScores } from './answers';

/** Made-up answers, scored by SQuAD 1.1's own evaluate-v1.1.py. */
const cases = JSON.parse(readFileSync(join(__dirname, 'fixtures', 'span-answers.json'), 'utf8')) as readonly {
  readonly answer: string;
  readonly references: readonly string[];
  readonly f1: number;
  readonly exact: boolean;
}[];

describe('answers that are parts of a text', () => {
  it("are scored as SQuAD's script does", () => {
    expect(cases.length).toBeGreaterThan(90);
    for (const { answer, references, f1, exact } of cases) {
      const found = squadScores(answer, references);
      expect([answer, found.exact]).toEqual([answer, Number(exact)]);
      expect(found.f1, answer).toBeCloseTo(f1, 12);
    }
    expect(new Set(cases.map(({ f1 }) => f1)).size).toBeGreaterThan(15);
  });

  it('are told of the first line of what is written, whatever follows', () => {
    expect(lineScores('\n Kohath.\n\nNumbers 3:17: These were the sons', ['Kohath'])).toEqual({ exact: 1, f1: 1 });
    expect(lineScores('The answer is: Kohath', ['Kohath'])).toEqual({ exact: 0, f1: 0.5 });
  });
});
