import { describe, expect, it } from 'vitest';
import { normals, randomFrom } from '../../random';
import { crossed, crossedInterval, crossedP, leastGap, seedsToSee, type Crossed } from './crossed';

/** Spreads of seed, example and rest; the kinds of the committed runs and their extremes. */
interface Spread {
  readonly seed: number;
  readonly example: number;
  readonly rest: number;
}

const kinds: readonly Spread[] = [
  { seed: 0, example: 0.3, rest: 0.4 },
  { seed: 0.01, example: 0.3, rest: 0.4 },
  { seed: 0.02, example: 0.3, rest: 0.4 },
  { seed: 0.05, example: 0.3, rest: 0.4 },
  { seed: 0.02, example: 0.05, rest: 0.4 },
  { seed: 0.1, example: 0.1, rest: 0.1 },
];

const draws = 3000;

/**
 * What `crossed` would find for normal effects around a gap: its mean squares are independent chi-squares, so that the
 * table itself need not be drawn.
 */
function found(seeds: number, examples: number, { seed, example, rest }: Spread, normal: () => number): Crossed {
  const chi = (freedom: number): number => {
    if (freedom > 60) return freedom + Math.sqrt(2 * freedom) * normal();
    return Array.from({ length: freedom }, () => normal() ** 2).reduce((sum, value) => sum + value, 0);
  };
  const square = (variance: number, freedom: number): number => (variance * chi(freedom)) / freedom;
  const seedSquare = square(rest ** 2 + examples * seed ** 2, seeds - 1);
  const exampleSquare = square(rest ** 2 + seeds * example ** 2, examples - 1);
  const restSquare = square(rest ** 2, (seeds - 1) * (examples - 1));
  const cells = seeds * examples;
  const spread = Math.sqrt(seed ** 2 / seeds + example ** 2 / examples + rest ** 2 / cells);
  return {
    gap: spread * normal(),
    seeds,
    examples,
    seedVariance: seedSquare / cells,
    exampleVariance: Math.max(0, exampleSquare - restSquare) / cells,
  };
}

const holds = (one: Crossed, level: number): boolean => {
  const { low, high } = crossedInterval(one, level);
  return low <= 0 && 0 <= high;
};

describe('crossed effects of seeds and examples', () => {
  it.each([5, 8])('%i seeds: intervals of 95 percent hold the true gap in 93 to 97 of 100 draws', (seeds) => {
    const normal = normals(randomFrom(seeds));
    for (const examples of [500, 1500])
      for (const kind of kinds) {
        let held = 0;
        for (let draw = 0; draw < draws; draw++) held += Number(holds(found(seeds, examples, kind, normal), 0.95));
        expect(held / draws, JSON.stringify({ examples, ...kind })).toBeGreaterThan(0.93);
        expect(held / draws, JSON.stringify({ examples, ...kind })).toBeLessThan(0.975);
      }
  });

  it('holds it at the level of a correction over 100 links, too', () => {
    const normal = normals(randomFrom(9));
    for (const kind of kinds) {
      let missed = 0;
      for (let draw = 0; draw < draws; draw++) missed += Number(!holds(found(5, 500, kind, normal), 1 - 0.05 / 100));
      expect(missed / draws, JSON.stringify(kind)).toBeLessThan(0.003);
    }
  });

  it('finds the variances of a table that has them', () => {
    const normal = normals(randomFrom(3));
    const [seeds, examples] = [200, 300];
    const bySeed = Array.from({ length: seeds }, () => 0.2 * normal());
    const byExample = Array.from({ length: examples }, () => 0.5 * normal());
    const table = bySeed.map((a) => byExample.map((b) => 1 + a + b + 0.3 * normal()));
    const made = crossed(table);
    expect(made.seedVariance).toBeCloseTo(0.2 ** 2 / seeds + 0.3 ** 2 / (seeds * examples), 4);
    expect(made.exampleVariance / (0.5 ** 2 / examples)).toBeCloseTo(1, 0);
    expect(Math.abs(made.gap - 1)).toBeLessThan(0.1);
  });

  it('is the mean squares of a table worked out by hand', () => {
    // Means of seeds 2 and 4, of examples 1, 3, 5; rest 0. Squares: seeds 3 * 2, examples 2 * 8 / 2.
    const made = crossed([
      [0, 2, 4],
      [2, 4, 6],
    ]);
    expect(made).toEqual({ gap: 3, seeds: 2, examples: 3, seedVariance: 1, exampleVariance: 8 / 6 });
  });

  it('of a mean adds the half-widths in quadrature and divides by how many they are; of one is its own', () => {
    const tables = [
      [[1], [2], [4], [3], [2.5]],
      [[0], [1], [5], [2]],
    ].map((table) => crossed(table));
    const halves = tables.map((made) => crossedInterval(made).high - made.gap);
    const { low, high } = crossedInterval(tables);
    expect((low + high) / 2).toBeCloseTo((2.5 + 2) / 2, 12);
    expect((high - low) / 2).toBeCloseTo(Math.hypot(...halves) / 2, 12);
    const p = crossedP(tables);
    expect(crossedInterval(tables, 1 - p).low).toBeCloseTo(0, 9);
    expect(leastGap(tables)).toBeGreaterThan(Math.hypot(...halves) / 2);
    for (const made of tables) {
      expect(crossedInterval([made])).toEqual(crossedInterval(made));
      expect([crossedP([made]), leastGap([made])]).toEqual([crossedP(made), leastGap(made)]);
    }
  });

  it('has a p of 0.05 where the 95% interval ends at 0, and Student’s for one value a seed', () => {
    const made = crossed([[1], [2], [4], [3], [2.5]]);
    const { low, high } = crossedInterval(made);
    // scipy.stats.t.interval(0.95, 4, 2.5, scipy.stats.sem([1, 2, 4, 3, 2.5])) and ttest_1samp
    expect(low).toBeCloseTo(1.1117774, 6);
    expect(high).toBeCloseTo(3.8882226, 6);
    expect(crossedP(made)).toBeCloseTo(0.00749043, 7);
    const half = high - made.gap;
    expect(crossedP({ ...made, gap: half })).toBeCloseTo(0.05, 8);
  });

  it('says the least gap that is found in 80 of 100 draws', () => {
    const normal = normals(randomFrom(4));
    const kind = { seed: 0.02, example: 0.3, rest: 0.4 };
    const spread = Math.sqrt(kind.seed ** 2 / 5 + kind.example ** 2 / 500 + kind.rest ** 2 / 2500);
    const least = leastGap({
      gap: 0,
      seeds: 5,
      examples: 500,
      seedVariance: kind.seed ** 2 / 5 + kind.rest ** 2 / 2500,
      exampleVariance: kind.example ** 2 / 500,
    });
    expect(least).toBeGreaterThan(2.8 * spread);
    let seen = 0;
    for (let draw = 0; draw < draws; draw++) {
      const one = found(5, 500, kind, normal);
      seen += Number(crossedInterval({ ...one, gap: one.gap + least }).low > 0);
    }
    expect(seen / draws).toBeGreaterThan(0.75);
    expect(seen / draws).toBeLessThan(0.9);
  });

  it('says how many seeds would see a gap, and where none would', () => {
    const made = { gap: 0, seeds: 5, examples: 500, seedVariance: 1e-4, exampleVariance: 1e-6 };
    const withSeeds = (seeds: number): Crossed => ({ ...made, seeds, seedVariance: (5 * made.seedVariance) / seeds });
    const wanted = seedsToSee(made, 0.02, 0.99)!;
    expect(wanted).toBeGreaterThan(5);
    expect(leastGap(withSeeds(wanted), 0.99)).toBeLessThanOrEqual(0.02);
    expect(leastGap(withSeeds(wanted - 1), 0.99)).toBeGreaterThan(0.02);
    expect(seedsToSee(made, 1, 0.99)).toBe(5);
    expect(seedsToSee({ ...made, exampleVariance: 1e-4 }, 0.02, 0.99)).toBeUndefined();
    const half = Math.sqrt(2); // the mean of two tables has half the variance of the sum
    expect(seedsToSee([made, made], 0.02 / half, 0.99)).toBe(wanted);
  });

  it('refuses one seed and ragged rows', () => {
    expect(() => crossed([[1, 2]])).toThrow('at least two seeds');
    expect(() => crossed([[1, 2], [1]])).toThrow('the same examples');
  });
});
