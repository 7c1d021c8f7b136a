import { describe, expect, it } from 'vitest';
import { evidenceOf, finding, able, link, record, shapes } from '../findings/testing/toy';
import { judge } from '../findings/verdict';
import type { RunRecord } from '../store/record';
import { taskNamed } from '../../tasks/registry';
import { asked } from '../../tasks/shipped/verse-questions';
import { isPair, isScoredAlike, linkText, testLink, type Link, type Tested } from './link';

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

  it('compares arms of one run, and a model as it is beside every seed', () => {
    const { placesOf } = taskNamed('verse-questions');
    const scored = 2 * asked;
    const [under, other] = ['reranked 4', 'union 4'].map((arm) => new Set(placesOf!(arm, scored)));
    const perExample = Array.from({ length: scored }, (_, i) => (under!.has(i) ? 1 : other!.has(i) ? 0.25 : 0));
    const rate = (run: RunRecord, learningRate: number): RunRecord => ({
      ...run,
      run: { ...run.run, spec: { ...run.run.spec, training: { ...run.run.spec.training, learningRate } } },
    });
    const evidence = (_: string, name: string): readonly RunRecord[] =>
      name === 'best'
        ? [1, 2, 3].map((seed) => on(record(name, seed, best), { metric: 'exact-match', perExample }))
        : [rate(on(record(name, 1, best), { metric: 'exact-match', perExample: perExample.map(() => 0) }), 1e-30)];
    const test = (second: string, ...arms: readonly string[]) =>
      testLink({ ...link('greater', 'best', second), task: 'verse-questions', arms } as Link, evidence);
    expect((test('best', 'reranked 4', 'union 4') as Tested).found).toMatchObject({ gap: 0.75, examples: asked });
    const untrained = test('good', 'reranked 4', 'reranked 4') as Tested;
    expect(untrained.found).toMatchObject({ gap: 1, seeds: 3 });
    expect(linkText(untrained.link)).toBe('best on reranked 4 > good on reranked 4 on verse-questions');
    expect(test('best', 'reranked 4', 'gold 1')).toMatchObject({ kind: 'untested' }); // not among those scored
    expect(test('best', 'reranked 4', 'no such arm')).toMatchObject({ kind: 'untested' });
  });

  it('compares other frozen weights only where it says so', () => {
    const evidence = (_: string, name: string): readonly RunRecord[] =>
      [1, 2, 3].map((seed) => on(record(name, seed, best), { model: name }));
    expect(testLink(link('greater', 'best', 'bad'), evidence).kind).toBe('untested');
    expect(testLink({ ...link('greater', 'best', 'bad'), across: 'models' } as Link, evidence).kind).toBe('tested');
  });
});
