import { describe, expect, it } from 'vitest';
import { evidenceOf, finding, able, link, record, shapes } from '../findings/testing/toy';
import { judge } from '../findings/verdict';
import type { RunRecord } from '../store/record';
import { isPair, isScoredAlike, testLink, type Tested } from './link';

const best = { loss: 2 };
const on = (run: RunRecord, final: Partial<RunRecord['final']>): RunRecord => ({
  ...run,
  final: { ...run.final, ...final },
});

describe('runs are compared', () => {
  const one = record('best', 1, best);

  it('with the same seed, scored on the same examples, on the same frozen weights', () => {
    const pairs = (first: Partial<RunRecord['final']>, second: Partial<RunRecord['final']>): boolean =>
      isPair(on(one, first), on(record('good', 1, best), second));
    expect(pairs({ model: 'a' }, { model: 'a' })).toBe(true);
    expect(pairs({ model: 'a' }, { model: 'b' })).toBe(false);
    expect(pairs({ model: null }, { model: 'b' })).toBe(true); // older runs do not say
    expect(pairs({}, { tests: { count: 400, hash: 'other' } })).toBe(false);
    expect(isPair(one, record('good', 2, best))).toBe(false);
    expect(isScoredAlike(on(one, { model: 'a' }), on(one, { model: 'b' }))).toBe(true);
  });

  it('only so in a verdict: runs on other frozen weights leave too few seeds', () => {
    const split = (variant: string) =>
      evidenceOf()('toy', variant, '').map((run) => on(run, { model: variant === 'best' ? 'a' : 'b' }));
    const [verdict] = judge([finding('other weights', link('greater', 'best', 'bad'))], (_, name) => split(name), able);
    expect(verdict!.verdict).toBe('not-run');
    expect(verdict!.reason).toContain('0 common seeds');
  });
});

describe('a link', () => {
  it('is first minus second, better above 0, whatever the metric', () => {
    const found = (metric: string): number => {
      const evidence = (_: string, name: string) =>
        [1, 2, 3].map((seed) => on(record(name, seed, shapes[name]!), { metric }));
      return (testLink(link('greater', 'best', 'bad'), evidence) as Tested).found.gap;
    };
    expect(found('nll')).toBeCloseTo(0.9, 2);
    expect(found('accuracy')).toBeCloseTo(-0.9, 2);
  });

  it('is not tested where a run lacks the statistic', () => {
    const evidence = (_: string, name: string) => [1, 2, 3].map((seed) => record(name, seed, { loss: 2 }));
    expect(testLink(link('greater', 'best', 'bad', { statistic: 'text' }), evidence)).toMatchObject({
      kind: 'untested',
      reason: 'best > bad on synopsis: not every run has the statistic',
    });
  });
});
