import { describe, expect, it } from 'vitest';
import { findings, verdicts } from './';
import { crossedInterval, crossedP } from '../statistics/crossed';
import { testLink, type Evidence, type Link, type Tested } from '../statistics/link';
import { holm } from '../statistics/statistics';
import { fullStudy } from '../studies/testing/full';
import { control } from './printed';
import { pointOf, roomOf, spanOf } from './roles';
import { able, evidenceOf, finding, link, printed, record, shapes } from './testing/toy';
import { decidingP, wordOf } from './decide';
import { judge, type JudgeOptions } from './verdict';

const delta = 0.01;

describe('the rule for one comparison', () => {
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

describe('a comparison with more than five seeds', () => {
  const links = [link('greater', 'good', 'alike'), link('greater', 'best', 'alike')] as const;
  const evidence = evidenceOf({}, 8);
  const tests = links.map((one) => testLink(one, evidence)) as readonly Tested[];
  const ciOf = (of: Evidence) => judge([finding('near', links[0]), finding('far', links[1])], of, able)[0]!.ci;

  it('counts twice in the correction, since five could have decided it', () => {
    expect(tests.map(({ before }) => before?.seeds)).toEqual([5, 5]);
    const looks = tests.flatMap(({ found, before }) => [crossedP(found), crossedP(before!)]);
    const { low, high } = crossedInterval(tests[0]!.found, holm(looks)[0]!.level);
    expect(ciOf(evidence)).toEqual([low, high]);
  });

  it('was not looked at before with five', () => {
    const five = links.map((one) => testLink(one, evidenceOf())) as readonly Tested[];
    expect(five.map((test) => test.before)).toEqual([undefined, undefined]);
    const { low, high } = crossedInterval(five[0]!.found, holm(five.map(({ found }) => crossedP(found)))[0]!.level);
    expect(ciOf(evidenceOf())).toEqual([low, high]);
  });
});

describe('the p that a word rests on', () => {
  const found = { gap: 0.005, seeds: 5, examples: 400, seedVariance: 1e-5, exampleVariance: 1e-6 };

  it.each([
    ['greater', 0],
    ['atLeast', -delta],
    ['near', delta],
  ] as const)('of %s denies the nearest gap at which the word would be another', (kind, end) => {
    const p = decidingP(link(kind, 'a', 'b'), found, delta);
    expect(p).toBe(crossedP(found, end));
    // the interval of that level ends there
    const { low, high } = crossedInterval(found, 1 - p);
    expect(Math.min(Math.abs(low - end), Math.abs(high - end))).toBeLessThan(1e-8);
  });

  it('leaves a gap at the edge of delta no easier to call than chance', () => {
    expect(decidingP(link('near', 'a', 'b'), { ...found, gap: -delta }, delta)).toBeCloseTo(1, 6);
    expect(decidingP(link('atLeast', 'a', 'b'), { ...found, gap: -delta }, delta)).toBeCloseTo(1, 6);
  });
});

describe('verdicts', () => {
  const judged = judge(
    [
      finding('clear', link('greater', 'best', 'bad', { printed })),
      finding('wrong', link('greater', 'bad', 'good')),
      finding('chain', link('greater', 'best', 'good'), link('greater', 'good', 'bad')),
      finding('one miss', link('greater', 'best', 'good'), link('greater', 'bad', 'good')),
      finding('decided by the first', link('greater', 'bad', 'good'), link('greater', 'best', 'good')),
      finding('same', link('greater', 'good', 'alike')),
      finding('near', link('near', 'good', 'alike')),
      finding('level', link('atLeast', 'good', 'alike')),
      // 2.9 - 2.0 against 2.301 - 2.3
      finding('gains more', link('greater', ['best', 'alike'], ['bad', 'good'])),
      finding('weighted', link('greater', ['good', 'best'], ['best', 'bad'], { weights: [1, 0.5, 1, 0.5] })),
      finding('missing', link('greater', 'best', 'nobody')),
      { ...finding('mute', link('greater', 'best', 'bad')), mute: 'the paper compares nothing' },
      { ...finding('compares nothing'), mute: 'the paper compares nothing' },
      { ...finding('not run but mute', link('greater', 'best', 'nobody')), mute: 'the paper compares nothing' },
      { ...finding('exact'), exact: () => ({ holds: true, reason: '2.43% are stored' }) },
      { ...finding('exact and false'), exact: () => ({ holds: false, reason: '4% are stored' }) },
      { ...finding('not measured'), exact: () => undefined },
      finding('later'),
    ],
    evidenceOf(),
    able,
  );
  const named = (id: string) => judged.find((verdict) => verdict.id === id)!;

  it.each([
    ['clear', 'confirmed'],
    ['wrong', 'contradicted'],
    ['chain', 'confirmed'],
    ['one miss', 'unresolved'],
    ['decided by the first', 'contradicted'],
    ['same', 'unresolved'],
    ['near', 'confirmed'],
    ['level', 'confirmed'],
    ['gains more', 'confirmed'],
    ['weighted', 'confirmed'],
    ['missing', 'not-run'],
    ['mute', 'cannot-speak'],
    ['compares nothing', 'cannot-speak'],
    ['not run but mute', 'not-run'],
    ['exact', 'confirmed'],
    ['exact and false', 'contradicted'],
    ['not measured', 'not-run'],
    ['later', 'not-run'],
  ])('%s is %s', (id, word) => {
    expect(named(id).verdict, named(id).reason).toBe(word);
  });

  it('of a statement on each of several things are those of the worst, wherever it stands', () => {
    const best = link('greater', 'best', 'bad');
    const same = link('greater', 'good', 'alike');
    const wrong = link('greater', 'bad', 'best');
    const word = (worstOf: number, ...links: readonly Link[]) => {
      const [found] = judge([{ ...finding('each', ...links), worstOf }], evidenceOf(), able);
      return [found!.verdict, found!.deciding];
    };
    expect(word(2, best, same)).toEqual(['unresolved', 'good > alike on synopsis']);
    expect(word(3, best, same, wrong)).toEqual(['contradicted', 'bad > best on synopsis']);
    expect(word(3, best, same, link('greater', 'best', 'nobody'))[0]).toBe('not-run');
    expect(word(1, best, same)).toEqual(['confirmed', 'best > bad on synopsis']);
  });

  it('of what says several things, as its paper does, are those of the worst of all', () => {
    const several = [...findings.he, ...findings.vlm, ...findings.houlsby].filter(
      ({ worstOf }) => worstOf !== undefined,
    );
    expect(several.map(({ id }) => id)).toEqual([
      'A4',
      'A5',
      'A6',
      'A12',
      'A13',
      'C10',
      'C12',
      'B9',
      'B10',
      'B11',
      'B12',
      'B14',
    ]);
    const all = several.filter(({ id }) => id !== 'C12'); // of which the first of each task decides
    for (const { id, worstOf, links } of all) expect(worstOf, id).toBe(links.length);
  });

  describe('of a mean over tasks', () => {
    const best = link('greater', 'best', 'bad'); // by 0.9
    const wrong = link('greater', 'bad', 'good'); // by -0.6
    const mean = (links: readonly Link[], known = able, evidence = evidenceOf()) =>
      judge([{ ...finding('mean', ...links), decidedBy: 'mean' }], evidence, known)[0]!;

    it('are those of the mean, which stands before what is said of each', () => {
      const made = mean([best, link('greater', 'good', 'alike')]);
      expect([made.verdict, made.deciding]).toEqual(['confirmed', 'mean of 2 tasks: best > bad']);
      expect(made.gap).toBeCloseTo((0.9 + 0.001) / 2, 2);
      expect(made.comparisons.map(({ claim }) => claim)).toEqual([
        'mean of 2 tasks: best > bad',
        'best > bad on synopsis',
        'good > alike on synopsis',
      ]);
      expect(mean([wrong, link('greater', 'good', 'alike')]).verdict).toBe('contradicted');
      expect(mean([best, link('greater', 'best', 'nobody')]).verdict).toBe('not-run');
    });

    it('cannot speak where a precondition fails on one of them, and say on which', () => {
      const floor: JudgeOptions = { ...able, gate: undefined };
      const made = mean([best, link('greater', 'good', 'bad')], floor);
      expect(made.verdict).toBe('cannot-speak');
      expect(made.preconditions.find(({ name }) => name === 'gate')?.figure).toContain('synopsis, synopsis: ');
      expect(made.hours).toBeNull(); // no run mends a gate
      const few = mean([best, link('greater', 'good', 'bad')], able, evidenceOf({ good: { seeds: 3 } }));
      const seeds = few.preconditions.find(({ name }) => name === 'seeds');
      expect(seeds).toEqual({ name: 'seeds', held: false, figure: 'synopsis: 3 of at least 5' });
      expect([few.verdict, few.seeds, few.hours]).toEqual(['cannot-speak', 3, expect.closeTo((4 * 360) / 7200, 6)]);
    });

    it('have the power of the mean, whatever that of each is', () => {
      const made = mean([link('atLeast', 'good', 'alike'), link('atLeast', 'alike', 'good')]);
      expect(made.preconditions.filter(({ name }) => name === 'power')).toHaveLength(1);
      expect(made.verdict).toBe('confirmed');
    });
  });

  it('count a comparison once, whichever findings and studies show its runs', () => {
    const width = (...more: readonly Link[]): number => {
      const [made] = judge([finding('one', link('greater', 'best', 'bad'), ...more)], evidenceOf(), able);
      const [low, high] = made!.ci!;
      return high - low;
    };
    const elsewhere = { ...link('greater', 'best', 'bad'), study: 'another' };
    expect(width(elsewhere)).toBe(width());
    expect(width(link('greater', 'good', 'bad'))).toBeGreaterThan(width()); // one more to correct for
  });

  it('of what is exact say the figures', () => {
    expect(named('exact').reason).toBe('exact: 2.43% are stored');
    expect(named('not measured').reason).toBe('not measured yet');
  });

  it('carry gap, interval, seeds, delta, the deciding comparison, what holds, and the paths of runs', () => {
    const clear = named('clear');
    expect(clear).toMatchObject({ seeds: 5, deciding: 'best > bad on synopsis', links: { held: 1, of: 1 }, hours: 0 });
    expect(clear.runs).toHaveLength(10);
    expect(clear.runs[0]).toMatch(/^results\/quick\/toy\/full-synopsis-s1-[0-9a-f]{8}\.jsonl$/);
    expect(clear.gap).toBeCloseTo(0.9, 2);
    expect(clear.ci![0]).toBeGreaterThan(0.85);
    expect(clear.ci![1]).toBeLessThan(0.95);
    // Half of 1.01 points, where 5.96 points between full and prompt tuning are 0.9 nats.
    expect(clear.comparisons[0]!.delta).toBeCloseTo((0.5 * 1.01 * 0.9) / 5.96, 10);
    expect(clear.comparisons[0]!.control).toMatchObject({ passed: true });
    expect(named('one miss').links).toEqual({ held: 1, of: 2 });
    expect(named('gains more').gap).toBeCloseTo(0.9, 1);
    expect(named('weighted').gap).toBeCloseTo(2.0 - 2.3 + 0.5 * (2.9 - 2.0), 2);
    expect(named('same').comparisons[0]!.delta).toBe(0.03);
  });

  it('are read at the level of their number: a comparison that holds alone may fail among many', () => {
    // Seeds that differ by more than the gap is wide.
    const noisy: Evidence = (study, variant) =>
      evidenceOf()(study, variant, '').map((run, i) => ({
        ...run,
        final: {
          ...run.final,
          perExample: run.final.perExample.map((value) => value + (variant === 'good' ? 0.1 * (i - 2) : 0)),
        },
      }));
    const one = finding('alone', link('greater', 'best', 'good'));
    const many = Array.from({ length: 40 }, (_, i) =>
      finding(`other ${i}`, link('greater', 'good', 'alike', { weights: [1 + i / 1e6, 1] })),
    );
    const same = many.map(() => finding('again', one.links[0]!));
    const width = (found: ReturnType<typeof judge>) => found[0]!.ci![1] - found[0]!.ci![0];
    const [alone, among] = [judge([one], noisy, able), judge([one, ...many], noisy, able)];
    expect(alone[0]!.ci![0]).toBeGreaterThan(0);
    expect(among[0]!.ci![0]).toBeLessThan(0);
    expect(width(among)).toBeGreaterThan(1.5 * width(alone));
    // The same comparison in other findings is one, and a setting that cannot speak asks for no correction.
    expect(judge([one, ...same], noisy, able)[0]!.ci).toEqual(alone[0]!.ci);
    const mute = many.map(({ links: [other] }) => finding('mute', { ...other!, task: 'other' }));
    expect(judge([one, ...mute], noisy, able)[0]!.ci).toEqual(alone[0]!.ci);
  });

  it('have a delta of one point of accuracy or 0.03 nat where the paper prints nothing', () => {
    const scored: Evidence = (study, variant, task) =>
      evidenceOf()(study, variant, task).map((run) => ({ ...run, final: { ...run.final, metric: 'accuracy' } }));
    const one = finding('unprinted', link('atLeast', 'good', 'alike'));
    expect(judge([one], scored, able)[0]!.comparisons[0]!.delta).toBe(0.01);
    expect(judge([one], evidenceOf(), able)[0]!.comparisons[0]!.delta).toBe(0.03);
  });

  it('compare times as ratios, one for each seed', () => {
    const ratio: Link = {
      kind: 'ratio',
      study: 'toy',
      task: 'synopsis',
      first: ['slow'],
      second: ['best'],
      measure: 'step time',
      range: [1, 1.5],
    };
    const timed: Evidence = (_, variant) => [1, 2, 3, 4, 5].map((seed) => record(variant, seed, shapes['best']!));
    const [verdict] = judge([finding('time', ratio)], timed);
    expect(verdict).toMatchObject({ verdict: 'confirmed', seeds: 5 });
    expect(verdict!.gap).toBeCloseTo(1.198, 2);
  });

  it('compare texts where likelihoods do not, one for each seed', () => {
    const [verdict] = judge(
      [finding('text', link('greater', 'bad', 'best', { statistic: 'text' }))],
      evidenceOf(),
      able,
    );
    expect(verdict).toMatchObject({ verdict: 'contradicted', seeds: 5 });
    expect(verdict!.gap).toBeCloseTo(-10, 1);
  });

  it('say what is missing', () => {
    expect(named('missing').reason).toBe(
      'finished runs of best and nobody on synopsis have 0 common seeds of at least 3: npx petl study toy --tier full',
    );
  });
});

describe('what one printed point is here', () => {
  it('is our span of a generation task over the paper’s, and a hundredth for accuracy', () => {
    expect(spanOf({ study: 'toy', task: 'synopsis' }, evidenceOf())).toBeCloseTo(0.9, 12);
    expect(pointOf({ study: 'toy', task: 'synopsis' }, evidenceOf())).toBeCloseTo(0.9 / (21.94 - 15.98), 12);
    expect(pointOf({ study: 'toy', task: 'sentiment' }, () => [])).toBe(0.01);
    expect(pointOf({ study: 'toy', task: 'synopsis' }, () => [])).toBeUndefined();
    expect(spanOf({ study: 'toy', task: 'nothing' }, evidenceOf())).toBeUndefined();
  });

  it('leaves room in the unit of gaps: shares of right answers on test, whatever the score of the task is', () => {
    const matthews: Evidence = (_, variant) =>
      [1, 2, 3, 4, 5].map((seed) => {
        const run = record(variant, seed, shapes['best']!);
        const perExample = run.final.perExample.map((__, i) => Number(i % 10 < (variant === 'full' ? 9 : 5)));
        const evaluations = run.evaluations.map((line) => ({ ...line, score: variant === 'full' ? 0.3 : 0.2 }));
        return { ...run, evaluations, final: { ...run.final, metric: 'Matthews', perExample } };
      });
    expect(roomOf({ study: 'toy', task: 'sentiment' }, matthews)).toBeCloseTo(0.4, 12);
    expect(roomOf({ study: 'toy', task: 'synopsis' }, evidenceOf())).toBeCloseTo(0.9, 12);
    expect(roomOf({ study: 'toy', task: 'sentiment' }, () => [])).toBeUndefined();
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
      const names = fullStudy(study)
        .variants.filter(({ runs }) => runs.some((spec) => spec.task === task))
        .map(({ name }) => name);
      expect(names, `${study} ${task}`).toEqual(expect.arrayContaining([...first, ...second]));
    }
  });

  it('have no comparison that the paper’s own numbers fail, and a number for every claim of a table', () => {
    const scored = findings.he.flatMap(({ id, standing, links }) => links.map((one) => ({ id, standing, one })));
    const controls = scored.map(({ id, standing, one }) => ({ id, standing, found: control(one) }));
    expect(controls.filter(({ found }) => found?.passed === false)).toEqual([]);
    const bare = new Set(controls.filter(({ found }) => found === null).map(({ id }) => id));
    expect([...bare].sort()).toEqual(['A19', 'A20', 'A21', 'A22', 'A26', 'A27']);
  });

  it('are not run where there are no results, but for what no run decides', () => {
    const found = verdicts(['he', 'houlsby', 'vlm', 'ai21'], () => []);
    expect(new Set(found.filter(({ links }) => links.of > 0).map(({ verdict }) => verdict))).toEqual(
      new Set(['not-run']),
    );
    const others = found.filter(({ links }) => links.of === 0).map(({ id, verdict }) => `${id} ${verdict}`);
    expect(others).toEqual([...['B15 confirmed', 'C13 confirmed', 'C14 confirmed', 'D4 cannot-speak']]);
  });
});
