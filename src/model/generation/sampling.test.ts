import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sample } from './sampling';

interface Row {
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly logits: readonly number[];
  readonly probabilities: readonly number[];
}

const { rows } = JSON.parse(readFileSync(join(__dirname, '../fixtures/sampling.json'), 'utf8')) as {
  readonly rows: readonly Row[];
};
const DRAWS = 20_000;

describe('sampling', () => {
  it.each(rows.map((row) => [`temperature ${row.temperature}, top-k ${row.topK}, top-p ${row.topP}`, row] as const))(
    '%s: each token as often as transformers says',
    (_, { logits, probabilities, ...how }) => {
      const counts = new Float64Array(logits.length);
      // evenly spread draws: a share of the unit interval is met as often as it is wide, to within one draw
      for (let i = 0; i < DRAWS; i++)
        counts[sample(Float32Array.from(logits), { kind: 'sample', seed: 0, ...how }, (i + 0.5) / DRAWS)]!++;
      probabilities.forEach((p, token) => {
        expect(Math.abs((counts[token] as number) / DRAWS - p), `token ${token}`).toBeLessThan(2.5 / DRAWS);
      });
      expect(probabilities.every((p, token) => p > 0 || counts[token] === 0)).toBe(true);
    },
  );
});
