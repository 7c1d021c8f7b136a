import { describe, expect, it } from 'vitest';
import { bootstrapInterval, pairedBootstrap } from './bootstrap';
import { deviation, holm, mean, meanInterval, predictionInterval, quantile } from './statistics';
import { studentCdf, studentQuantile } from '../../student';

const scores = [0.812, 0.806, 0.82, 0.798, 0.815];

describe("Student's t", () => {
  it.each([
    [0.975, 1, 12.706204736174694],
    [0.975, 2, 4.302652729749462],
    [0.975, 4, 2.7764451051977934],
    [0.9, 10, 1.372183641110336],
    [0.025, 30, -2.0422724563012373],
  ])('quantile %d with %d degrees of freedom (scipy.stats.t.ppf)', (p, freedom, t) => {
    expect(studentQuantile(p, freedom)).toBeCloseTo(t, 9);
  });

  it.each([
    [-1.5, 3, 0.11529193262241147],
    [0, 5, 0.5],
    [2.3, 7, 0.9725044523978142],
    [5, 2, 0.9811252243246882],
  ])('P(T <= %d) with %d degrees of freedom (scipy.stats.t.cdf)', (t, freedom, p) => {
    expect(studentCdf(t, freedom)).toBeCloseTo(p, 10);
  });
});

describe('mean and spread', () => {
  it('equal numpy.mean and numpy.std(ddof=1)', () => {
    expect(mean(scores)).toBeCloseTo(0.8102, 12);
    expect(deviation(scores)).toBeCloseTo(0.008497058314499161, 12);
    expect(deviation([3])).toBe(0);
  });

  it('give the interval of scipy.stats.t.interval(0.95, 4, loc=mean, scale=stats.sem)', () => {
    expect(meanInterval(scores).low).toBeCloseTo(0.7996495086002484, 9);
    expect(meanInterval(scores).high).toBeCloseTo(0.8207504913997516, 9);
  });

  it('give the prediction interval mean ± t.ppf(.975, 4) * sd * sqrt(1 + 1/5)', () => {
    expect(predictionInterval(scores).low).toBeCloseTo(0.7843566795349864, 9);
    expect(predictionInterval(scores).high).toBeCloseTo(0.8360433204650136, 9);
  });
});

it('quantiles equal numpy.quantile([1, 2, 4, 8, 16], q)', () => {
  expect([0.025, 0.3, 0.5, 0.9].map((q) => Number(quantile([1, 2, 4, 8, 16], q).toFixed(9)))).toEqual([
    1.1, 2.4, 4, 12.8,
  ]);
});

describe('paired bootstrap', () => {
  const oneSeed = [...Array<number>(47).fill(1), ...Array<number>(23).fill(-1), ...Array<number>(430).fill(0)];

  it('of one seed gives the percentile interval of scipy.stats.bootstrap', () => {
    const found = pairedBootstrap([oneSeed]);
    expect(found.gap).toBeCloseTo(0.048, 12);
    expect(bootstrapInterval(found).low).toBeCloseTo(0.016, 2);
    expect(bootstrapInterval(found).high).toBeCloseTo(0.082, 2);
  });

  it('resamples seeds and examples crossed: as numpy does with D[np.ix_(seeds, examples)].mean()', () => {
    const rows = [0.1, 0.3, 0.2].map((seed, k) =>
      Array.from({ length: 200 }, (_, i) => seed + 0.5 * Math.sin(i) + 0.2 * Math.cos(7 * i + 11 * k)),
    );
    const found = pairedBootstrap(rows, { resamples: 20000, seed: 1 });
    expect(found.gap).toBeCloseTo(0.20268275865898697, 12);
    expect(bootstrapInterval(found).low).toBeCloseTo(0.099, 2);
    expect(bootstrapInterval(found).high).toBeCloseTo(0.306, 2);
    expect(deviation([...found.means])).toBeCloseTo(0.0541, 3);
  });

  it('gives the same numbers for the same seed', () => {
    expect(pairedBootstrap([oneSeed]).means).toEqual(pairedBootstrap([oneSeed]).means);
  });

  it('has a small p for a clear difference, a p of 1 for none', () => {
    expect(pairedBootstrap([oneSeed]).p).toBeLessThan(0.02);
    expect(pairedBootstrap([[0, 0, 0]]).p).toBe(1);
  });

  it('has no p below that of one resample in all (Davison and Hinkley 1997, section 4.2)', () => {
    expect(pairedBootstrap([[1, 1, 1]], { resamples: 99, seed: 1 }).p).toBe(2 / 100);
    expect(pairedBootstrap([[-1, -1]], { resamples: 199, seed: 1 }).p).toBe(2 / 200);
  });

  it('refuses seeds scored on different examples', () => {
    expect(() => pairedBootstrap([[1, 0], [1]])).toThrow('the same examples');
  });
});

describe('Holm', () => {
  it('adjusts as R\'s p.adjust(c(.01, .04, .03, .005), "holm")', () => {
    expect(holm([0.01, 0.04, 0.03, 0.005]).map(({ p }) => Number(p.toFixed(9)))).toEqual([0.03, 0.06, 0.06, 0.02]);
  });

  it('reads intervals at 1 - alpha / (m - rank), and no easier after the first that is not rejected', () => {
    expect(holm([0.01, 0.04, 0.03, 0.005]).map(({ level }) => Number(level.toFixed(6)))).toEqual([
      0.983333, 0.975, 0.975, 0.9875,
    ]);
  });
});
