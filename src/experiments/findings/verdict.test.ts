import { describe, expect, it } from 'vitest';
import { toyOutcome } from '../fixtures/tools';
import { findings, verdicts } from './';
import type { Link } from '../statistics/link';
import type { RunRecord } from '../store/record';
import { runSpec } from '../store/spec';
import { studies } from '../studies';
import { judge, wordOf, type Finding } from './verdict';

const delta = 0.01;

type Kind = 'greater' | 'atLeast' | 'near';
const link = (kind: Kind, first: string | readonly string[], second: string | readonly string[]): Link => ({
  kind,
  study: 'toy',
  task: 'sentiment',
  first: [first].flat(),
  second: [second].flat(),
});

describe('the rule for one link', () => {
  it.each([
    ['greater', 0.002, 0.03, 'confirmed'],
    ['greater', -0.03, -0.002, 'contradicted'],
    ['greater', -0.009, 0.009, 'unresolved'],
    ['greater', -0.009, 0.02, 'unresolved'],
    ['greater', 0.001, 0.009, 'confirmed'],
    ['atLeast', -0.009, 0.2, 'confirmed'],
    ['atLeast', -0.02, 0.2, 'unresolved'],
    ['atLeast', -0.2, -0.011, 'contradicted'],
    ['atLeast', -0.2, -0.009, 'unresolved'],
    ['near', -0.009, 0.009, 'confirmed'],
    ['near', 0.001, 0.009, 'confirmed'],
    ['near', 0.011, 0.05, 'contradicted'],
    ['near', -0.05, -0.011, 'contradicted'],
    ['near', -0.02, 0.005, 'unresolved'],
  ] as const)('%s with [%d, %d] is %s', (kind, low, high, word) => {
    expect(wordOf(link(kind, 'a', 'b'), { low, high }, delta)).toBe(word);
  });

  it.each([
    [0, 0.3, 'unresolved'],
    [0.01, 0.4, 'confirmed'],
    [0.41, 0.5, 'contradicted'],
    [-0.3, -0.1, 'contradicted'],
    [-0.1, 0.1, 'unresolved'],
  ] as const)('a ratio between 1 and 1.5 with logarithms in [%d, %d] is %s', (low, high, word) => {
    expect(
      wordOf(
        { kind: 'ratio', study: '', task: '', first: ['a'], second: ['b'], measure: 'step time', range: [1, 1.5] },
        { low, high },
        0,
      ),
    ).toBe(word);
  });
});

/** A run that is right on the first `right` of 400 examples; seeds shift which. */
function record(variant: string, seed: number, right: number): RunRecord {
  const perExample = Array.from({ length: 400 }, (_, i) => ((i * 7 + seed) % 400 < right ? 1 : 0));
  const { programs } = toyOutcome(seed);
  return {
    run: {
      kind: 'run',
      format: 1,
      id: `${variant}-s${seed}`,
      label: variant,
      spec: runSpec({ study: 'toy', method: 'head', seed }),
      counts: { trained: 1, used: 1, stored: 1, head: 1, paper: 1, backbone: 1 },
      engine: 'compiled',
      started: '',
      environment: { versions: {}, commit: '', dirty: false, cpu: '', cores: 2, memoryGb: 1, platform: '' },
    },
    train: [],
    evaluations: [],
    final: {
      kind: 'final',
      score: right / 400,
      loss: 1,
      metric: 'accuracy',
      perExample,
      tokens: [],
      tests: { count: 400, hash: 'x' },
      written: null,
      data: null,
      model: null,
      steps: 1,
      trainSeconds: 1,
      seconds: 1,
      peakMb: 1,
      programs,
    },
  };
}

const rights: Readonly<Record<string, number>> = { best: 360, good: 330, alike: 330, bad: 280, begun: 200 };
const evidence = (_: string, variant: string): readonly RunRecord[] =>
  (variant === 'begun' ? [1, 2] : [1, 2, 3]).flatMap((seed) =>
    variant in rights ? [record(variant, seed, rights[variant]!)] : [],
  );
const finding = (id: string, ...links: Finding['links']): Finding => ({
  id,
  paper: 'he',
  text: id,
  source: '',
  links,
  notebook: null,
});

describe('verdicts', () => {
  const judged = judge(
    [
      finding('clear', link('greater', 'best', 'bad')),
      finding('wrong', link('greater', 'bad', 'good')),
      finding('chain', link('greater', 'best', 'good'), link('greater', 'good', 'bad')),
      finding('broken chain', link('greater', 'best', 'good'), link('greater', 'bad', 'good')),
      finding('same', link('greater', 'good', 'alike')),
      finding('near', link('near', 'good', 'alike')),
      finding('level', link('atLeast', 'good', 'alike')),
      // 0.9 - 0.7 against 0.825 - 0.825
      finding('gains more', link('greater', ['best', 'alike'], ['bad', 'good'])),
      finding('missing', link('greater', 'best', 'nobody')),
      finding('two seeds', link('greater', 'best', 'begun')),
      finding('wrong on one of two', link('greater', 'best', 'nobody'), link('greater', 'bad', 'good')),
      finding('later'),
    ],
    evidence,
    { settings: { resamples: 1000, seed: 1 } },
  );
  const named = (id: string) => judged.find((verdict) => verdict.id === id)!;

  it.each([
    ['clear', 'confirmed'],
    ['wrong', 'contradicted'],
    ['chain', 'confirmed'],
    ['broken chain', 'contradicted'],
    ['same', 'unresolved'],
    ['near', 'confirmed'],
    ['level', 'confirmed'],
    ['gains more', 'confirmed'],
    ['missing', 'not-run'],
    ['two seeds', 'not-run'],
    ['wrong on one of two', 'contradicted'],
    ['later', 'not-run'],
  ])('%s is %s', (id, word) => {
    expect(named(id).verdict).toBe(word);
  });

  it('carry gap, interval, seeds and the paths of runs', () => {
    const clear = named('clear');
    expect(clear.seeds).toBe(3);
    expect(named('wrong on one of two').seeds).toBe(3);
    expect(clear.runs).toHaveLength(3); // the toy's variants have one spec
    expect(clear.runs[0]).toMatch(/^results\/quick\/toy\/head-sentiment-s1-[0-9a-f]{8}\.jsonl$/);
    expect(clear.gap).toBeCloseTo(0.2, 12);
    expect(clear.ci![0]).toBeGreaterThan(0);
    expect(clear.ci![1]).toBeLessThan(0.3);
    expect(named('gains more').gap).toBeCloseTo(0.2, 12);
  });

  it('show every link of a chain', () => {
    expect(named('broken chain').links.map(({ claim, verdict }) => [claim, verdict])).toEqual([
      ['best > good on sentiment', 'confirmed'],
      ['bad > good on sentiment', 'contradicted'],
    ]);
    expect(named('same').reason).toBe(
      'good > alike on sentiment: the two are equal: the interval lies within delta of 0',
    );
  });

  it('turn a metric round whose lower values are better', () => {
    const nll = (...args: Parameters<typeof evidence>): readonly RunRecord[] =>
      evidence(...args).map((run) => ({ ...run, final: { ...run.final, metric: 'nll' } }));
    const [verdict] = judge([finding('lower', link('greater', 'bad', 'best'))], nll, {
      settings: { resamples: 1000, seed: 1 },
    });
    expect(verdict).toMatchObject({ verdict: 'confirmed' });
    expect(verdict!.gap).toBeCloseTo(0.2, 12);
  });

  it('compare times as ratios, one for each seed', () => {
    const timed = (_: string, variant: string): readonly RunRecord[] =>
      [1, 2, 3].map((seed) => {
        const run = record(variant, seed, 300);
        const step = (variant === 'slow' ? 0.3 : 0.25) + 0.001 * seed;
        return {
          ...run,
          train: [1, 2, 3, 4].map((at) => ({
            kind: 'train' as const,
            step: at,
            steps: 4,
            loss: 1,
            seconds: at * step + (at > 1 ? 9 : 0),
          })),
        };
      });
    const ratio: Link = {
      kind: 'ratio',
      study: 'toy',
      task: 'sentiment',
      first: ['slow'],
      second: ['quick'],
      measure: 'step time',
      range: [1, 1.5],
    };
    const [verdict] = judge([finding('time', ratio)], timed, { settings: { resamples: 1000, seed: 1 } });
    expect(verdict).toMatchObject({ verdict: 'confirmed', seeds: 3 });
    expect(verdict!.gap).toBeCloseTo(1.198, 3);
  });

  it('leave open what scores on a floor say', () => {
    const [score] = judge([finding('clear', link('greater', 'best', 'bad'))], evidence, { floors: ['sentiment'] });
    expect(score).toMatchObject({
      verdict: 'unresolved',
      reason: 'best > bad on sentiment: floor: the base fails the gate on sentiment',
    });
    expect(score!.gap).toBeCloseTo(0.2, 12);
    expect(
      judge([finding('clear', link('greater', 'best', 'bad'))], evidence, { floors: ['synopsis'] })[0]?.verdict,
    ).toBe('confirmed');
  });

  it('say what is missing', () => {
    expect(named('missing').reason).toBe(
      'finished runs of best and nobody on sentiment have 0 common seeds of at least 3: npx petl study toy --tier full',
    );
  });
});

describe('the declared findings', () => {
  it('cover the whole catalogue, each id once', () => {
    const ids = Object.values(findings)
      .flat()
      .map(({ id }) => id);
    const rows = [
      ['A', 27],
      ['B', 16],
      ['C', 14],
      ['D', 17],
    ] as const;
    expect(ids).toEqual(
      expect.arrayContaining(
        rows.flatMap(([letter, count]) => Array.from({ length: count }, (_, i) => `${letter}${i + 1}`)),
      ),
    );
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('name variants that their studies have, on tasks that these are run on', () => {
    for (const { study, task, first, second } of Object.values(findings)
      .flat()
      .flatMap(({ links }) => links)) {
      const names = studies[study]!('full')
        .variants.filter(({ runs }) => runs.some((spec) => spec.task === task))
        .map(({ name }) => name);
      expect(names, `${study} ${task}`).toEqual(expect.arrayContaining([...first, ...second]));
    }
  });

  it('are not run where there are no results', () => {
    expect(new Set(verdicts(['he', 'ai21'], () => []).map(({ verdict }) => verdict))).toEqual(new Set(['not-run']));
  });
});
