import { describe, expect, it } from 'vitest';
import { toyOutcome } from './fixtures/tools';
import { findings, verdicts } from './findings';
import { greater, near } from './findings/finding';
import type { RunRecord } from './record';
import { runSpec } from './spec';
import { studies } from './studies';
import { judge, pairOf, wordOf, type Finding } from './verdict';

const delta = 0.01;

describe('the rule for one link', () => {
  it.each([
    ['greater', 0.002, 0.03, 'confirmed'], ['greater', -0.03, -0.002, 'contradicted'],
    ['greater', -0.009, 0.009, 'equal'], ['greater', -0.009, 0.02, 'unresolved'], ['greater', 0.001, 0.009, 'confirmed'],
    ['near', -0.009, 0.009, 'confirmed'], ['near', 0.001, 0.009, 'confirmed'], ['near', 0.011, 0.05, 'contradicted'],
    ['near', -0.05, -0.011, 'contradicted'], ['near', -0.02, 0.005, 'unresolved'],
  ] as const)('%s with [%d, %d] is %s', (kind, low, high, word) => {
    expect(wordOf(kind === 'greater' ? greater('a', 'b') : near('a', 'b'), { low, high }, delta)).toBe(word);
  });
});

/** A run that is right on the first `right` of 400 examples; seeds shift which. */
function record(variant: string, seed: number, right: number): RunRecord {
  const perExample = Array.from({ length: 400 }, (_, i) => ((i * 7 + seed) % 400 < right ? 1 : 0));
  const { programs } = toyOutcome(seed);
  return {
    run: {
      kind: 'run', format: 1, id: `${variant}-s${seed}`, label: variant, spec: runSpec({ study: 'toy', method: 'head', seed }),
      counts: { trained: 1, used: 1, stored: 1, head: 1, paper: 1, backbone: 1 }, engine: 'compiled', started: '',
      environment: { versions: {}, commit: '', dirty: false, cpu: '', cores: 2, memoryGb: 1, platform: '' },
    },
    train: [], evaluations: [],
    final: { kind: 'final', score: right / 400, loss: 1, metric: 'accuracy', perExample, tests: { count: 400, hash: 'x' }, steps: 1, trainSeconds: 1, seconds: 1, peakMb: 1, programs },
  };
}

const rights: Readonly<Record<string, number>> = { best: 360, good: 330, alike: 330, bad: 280 };
const evidence = (_: string, variant: string): readonly RunRecord[] => [1, 2, 3].flatMap((seed) => (variant in rights ? [record(variant, seed, rights[variant]!)] : []));
const finding = (id: string, ...links: Finding['links']): Finding => ({ id, paper: 'he', text: id, source: '', links, study: 'toy', notebook: null });

describe('verdicts', () => {
  const judged = judge([
    finding('clear', greater('best', 'bad')),
    finding('wrong', greater('bad', 'good')),
    finding('chain', greater('best', 'good'), greater('good', 'bad')),
    finding('broken chain', greater('best', 'good'), greater('bad', 'good')),
    finding('same', greater('good', 'alike')),
    finding('near', near('good', 'alike')),
    finding('missing', greater('best', 'nobody')),
    { ...finding('later'), study: null },
  ], evidence, { resamples: 1000, seed: 1 });

  it.each([['clear', 'confirmed'], ['wrong', 'contradicted'], ['chain', 'confirmed'], ['broken chain', 'contradicted'], ['same', 'equal'], ['near', 'confirmed'], ['missing', 'not-run'], ['later', 'not-run']])(
    '%s is %s', (id, word) => { expect(judged.find((verdict) => verdict.id === id)?.verdict).toBe(word); });

  it('carry gap, interval, seeds and runs', () => {
    const [clear] = judged;
    expect(clear).toMatchObject({ seeds: 3, runs: ['best-s1', 'bad-s1', 'best-s2', 'bad-s2', 'best-s3', 'bad-s3'] });
    expect(clear!.gap).toBeCloseTo(0.2, 12);
    expect(clear!.ci![0]).toBeGreaterThan(0);
    expect(clear!.ci![1]).toBeLessThan(0.3);
  });

  it('say what is missing', () => {
    expect(judged.find(({ id }) => id === 'missing')?.reason).toBe('no finished runs of best and nobody with a common seed: npx petl study toy --tier full');
  });
});

describe('the declared findings', () => {
  it('cover the whole catalogue, each id once', () => {
    const ids = Object.values(findings).flat().map(({ id }) => id);
    const rows = [['A', 27], ['B', 16], ['C', 14], ['D', 17]] as const;
    expect(ids).toEqual(expect.arrayContaining(rows.flatMap(([letter, count]) => Array.from({ length: count }, (_, i) => `${letter}${i + 1}`))));
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('name variants that their studies have', () => {
    for (const { study, links } of Object.values(findings).flat()) {
      const names = study === null ? [] : studies[study]!('full').variants.map(({ name }) => name);
      for (const link of links) expect(names).toEqual(expect.arrayContaining([...pairOf(link)]));
    }
  });

  it('are not run where there are no results', () => {
    expect(new Set(verdicts(['he', 'ai21'], () => []).map(({ verdict }) => verdict))).toEqual(new Set(['not-run']));
  });
});
