import { describe, expect, it } from 'vitest';
import type { Stage } from '../../training/job';
import { seedsToSee } from '../statistics/crossed';
import { testLink, type Evidence } from '../statistics/link';
import type { TuningTable } from '../tuning/tuned';
import type { GateRecord } from './gate-record';
import type { LinkVerdict } from './decide';
import { hoursOf } from './hours';
import type { MajorityAnswer } from './majority';
import type { Precondition } from './precondition';
import { powerful } from './preconditions';
import { able, evidenceOf, finding, gate, link, printed, rate, tuningOf } from './testing/toy';
import { judge, type Finding, type JudgeOptions } from './verdict';

describe('preconditions', () => {
  const clear = finding('clear', link('greater', 'best', 'bad', { printed }));
  const without = (against: string): GateRecord => ({
    ...gate,
    lines: gate.lines.filter((one) => one.against !== against),
  });
  const lost: GateRecord = { ...gate, lines: gate.lines.map((one) => ({ ...one, passed: one.against !== 'lead' })) };
  const small = { ...printed, first: ['lora-ffn:r=102,s=4'], second: ['pa-attn:r=512'], task: 'XSum' };
  type Case = readonly [name: Precondition['name'], figure: string, evidence: Evidence, options: JudgeOptions, Finding];
  const cases: readonly Case[] = [
    ['seeds', '4 of at least 5', evidenceOf({}, 4), able, clear],
    ['gate', 'never compared with nearest example', evidenceOf(), { ...able, gate: without('nearest example') }, clear],
    ['gate', 'does not beat lead', evidenceOf(), { ...able, gate: lost }, clear],
    ['gate', 'never compared with untuned base', evidenceOf(), { ...able, gate: undefined }, clear],
    ['rates', 'full has no rate of its own', evidenceOf(), { ...able, tuning: [] }, clear],
    ['rates', 'full was run at another rate', evidenceOf(), { ...able, tuning: [tuningOf(3 * rate)] }, clear],
    [
      'rates',
      'tuned on fewer steps',
      evidenceOf(),
      { ...able, tuning: [tuningOf(rate, { steps: 3, seeds: 2 })] },
      clear,
    ],
    ['rates', 'tuned on fewer steps', evidenceOf(), { ...able, tuning: [tuningOf(rate, {})] }, clear],
    [
      'rates',
      'tuned with one seed',
      evidenceOf(),
      { ...able, tuning: [tuningOf(rate, { steps: 4, seeds: 1 })] },
      clear,
    ],
    ['rates', 'lies on the edge', evidenceOf(), { ...able, tuning: [edged()] }, clear],
    ['rates', 'the stage before full was trained at a rate that nobody tuned', staged(3 * rate), able, clear],
    ['flat', '-0.50 at half', evidenceOf({ bad: { half: 1.6 } }), able, clear],
    ['learnt', 'not prompt:l=5 with seed 1', evidenceOf({ bad: { fall: 0 } }), able, clear],
    ['learnt', 'not prompt:l=5 with seed 3', oneStuck(), able, clear],
    ['metrics agree', 'chrF differs by -5', evidenceOf({ best: { chrf: 25 } }), able, clear],
    ['metrics agree', 'nothing was written', evidenceOf({ best: { chrf: NaN } }), able, clear],
    [
      'room',
      'delta above the weakest method',
      evidenceOf(),
      able,
      finding('wide', link('greater', 'best', 'bad', { printed: wide() })),
    ],
    [
      'control',
      "the paper's own gap is -1.0 points",
      evidenceOf(),
      able,
      finding(
        'turned',
        link('greater', 'best', 'bad', { printed: { ...printed, first: printed.second, second: printed.first } }),
      ),
    ],
    ['power', 'sees', noisySeeds(), able, finding('small', link('greater', 'best', 'good', { printed: small }))],
  ];

  it('a stage before a run at a rate that was found for it holds', () => {
    const [row] = judge([clear], staged(rate), able);
    expect(row?.preconditions.find(({ name }) => name === 'rates')?.held).toBe(true);
  });

  it('of weights that are scored as they are is neither a gate nor a rate asked', () => {
    const weighed = (kind: 'near' | 'greater', second: string): Finding =>
      finding('weights', link(kind, 'best', second, { varies: 'weights' }));
    const [same, worse] = judge([weighed('near', 'best'), weighed('greater', 'bad')], evidenceOf(), {});
    expect([same?.verdict, same?.gap]).toEqual(['confirmed', 0]);
    expect(worse?.verdict).toBe('confirmed');
    expect(worse?.preconditions.map(({ name }) => name)).toEqual(['seeds', 'control', 'power']);
  });

  it('ask for power only where no difference was seen', () => {
    // seeds that scatter too much for the printed gap to be seen, beside a gap that is many times it
    const one = (second: string): Finding => finding('seen', link('greater', 'best', second, { printed: small }));
    const judged = (second: string) => judge([one(second)], noisySeeds(second), able)[0]!;
    const powerOf = (second: string) => judged(second).preconditions.find(({ name }) => name === 'power');
    expect(powerOf('good')).toMatchObject({ held: false });
    expect(powerOf('bad')).toEqual({ name: 'power', held: true, figure: 'a difference beyond delta was seen' });
    expect(judged('bad').verdict).toBe('confirmed');
  });

  it('name a side that is right no more often than the most frequent answer', () => {
    /** Right on every n-th of 400 examples, of which the most frequent answer has the first 80. */
    const every: Readonly<Record<string, number>> = { best: 2, bad: 5 };
    const exact: Evidence = (study, variant, task) =>
      evidenceOf()(study, variant, task).map((run) => {
        const perExample = run.final.perExample.map((_, i) => Number(i % (every[variant] ?? 1) === 0));
        return { ...run, final: { ...run.final, metric: 'exact-match', perExample, tests: print } };
      });
    const print = { count: 400, hash: 'asked' };
    const most = { task: 'synopsis', answer: 'person', tests: print, right: Array.from({ length: 80 }, (_, i) => i) };
    const learnt = (majority: readonly MajorityAnswer[], first: string, second: string) =>
      judge([finding('exact', link('greater', first, second))], exact, {
        ...able,
        gate: { ...gate, majority },
      })[0]?.preconditions.find(({ name }) => name === 'learnt');
    expect(learnt([most], 'best', 'good')).toMatchObject({ held: true });
    const named = learnt([most], 'best', 'bad');
    expect(named?.held).toBe(false);
    expect(named?.figure).toMatch(
      /^not above the most frequent answer: bad by 0.0 \[-0\.\d+, 0\.\d+\], always "person"$/,
    );
    const unknown = {
      held: false,
      figure: ['best', 'bad'].map((name) => `${name} was never compared with the most frequent answer`).join('; '),
    };
    expect(learnt([], 'best', 'bad')).toMatchObject(unknown);
    const other = { ...most, tests: { count: 400, hash: 'others' } };
    expect(learnt([other], 'best', 'bad')).toMatchObject(unknown);
  });

  it('ask every model that is compared for its gate, and no random one beside its base', () => {
    const on =
      (model: string): Evidence =>
      (study, variant, task) =>
        evidenceOf()(study, variant, task).map((run) => {
          const spec = variant === 'bad' ? { ...run.run.spec, model } : run.run.spec;
          return { ...run, run: { ...run.run, spec } };
        });
    const figure = (model: string, options: JudgeOptions) =>
      judge(
        [finding('models', link('greater', 'best', 'bad', { across: 'models' }))],
        on(model),
        options,
      )[0]?.preconditions.find(({ name }) => name === 'gate')?.figure;
    const all = 'full fine-tuning beats all of them';
    expect(figure('other', able)).toMatch(/^other never compared with untuned base, random weights/);
    const both = [...gate.lines, ...gate.lines.map((line) => ({ ...line, model: 'other' }))];
    expect(figure('other', { ...able, gate: { ...gate, lines: both } })).toBe(all);
    expect(figure(`${gate.lines[0]!.model}-random`, able)).toBe(all);
  });

  it('hold the order of two models by their scores, whose tokens are not the same', () => {
    const across: Evidence = (study, variant, task) =>
      evidenceOf()(study, variant, task).map((run) => {
        const spec = { ...run.run.spec, model: variant };
        // losses change sides after half of training, scores do not
        const evaluations = run.evaluations.map((line) => ({
          ...line,
          ...{ loss: variant === 'bad' ? 2 * line.step : 9, score: variant === 'bad' ? 0.2 : 0.6 },
        }));
        return { ...run, run: { ...run.run, spec }, evaluations, final: { ...run.final, metric: 'exact-match' } };
      });
    const [verdict] = judge([finding('models', link('greater', 'best', 'bad', { across: 'models' }))], across, able);
    expect(verdict?.preconditions.find(({ name }) => name === 'flat')).toMatchObject({
      held: true,
      figure: 'the gap in validation score is 0.40 at half and 0.40 at the end',
    });
  });

  it('ask a run beside itself for no order', () => {
    const [verdict] = judge([finding('one run', link('near', 'best', 'best'))], evidenceOf(), able);
    expect(verdict?.preconditions.find(({ name }) => name === 'flat')).toEqual({
      ...{ name: 'flat', held: true, figure: 'one run on both sides: they have no order' },
    });
  });

  it('find no room where the weakest method ends above full fine-tuning, whatever delta says', () => {
    const turned = evidenceOf({ best: { loss: 3.1 } });
    const one = finding('turned', link('greater', 'best', 'bad', { printed }));
    const [verdict] = judge([one], turned, able);
    expect(verdict?.preconditions.find(({ name }) => name === 'room')).toMatchObject({ held: false });
    expect(verdict?.comparisons[0]?.delta).toBeGreaterThan(0);
  });

  it('ask of exact match that the gate has the most frequent answer too', () => {
    const exact: Evidence = (study, variant, task) =>
      evidenceOf()(study, variant, task).map((run) => ({ ...run, final: { ...run.final, metric: 'exact-match' } }));
    const [verdict] = judge([finding('exact', link('greater', 'best', 'bad'))], exact, able);
    expect(verdict?.preconditions.find(({ name }) => name === 'gate')?.figure).toBe('never compared with majority');
  });

  it('take the rate of a method that was tuned twice from the one that it ran at', () => {
    const [other, own] = [tuningOf(3 * rate), tuningOf(rate)];
    const both = { ...own, families: [...other.families, ...own.families] };
    const [verdict] = judge([clear], evidenceOf(), { ...able, tuning: [both] });
    expect(verdict?.preconditions.find(({ name }) => name === 'rates')?.held).toBe(true);
  });

  it('take the rate from the table of the very setting, where another one on the task found the same', () => {
    const short = { ...tuningOf(rate, { steps: 3, seeds: 2 }), study: 'other' };
    const own = { ...tuningOf(rate), study: 'toy' };
    for (const tuning of [
      [short, own],
      [own, short],
    ]) {
      const [verdict] = judge([clear], evidenceOf(), { ...able, tuning });
      expect(verdict?.preconditions.find(({ name }) => name === 'rates')?.held).toBe(true);
    }
  });

  it.each(cases)('without %s (%s) the setting cannot speak', (name, figure, evidence, options, one) => {
    const [verdict] = judge([one], evidence, options);
    expect(verdict!.verdict, verdict!.reason).toBe('cannot-speak');
    expect(verdict!.preconditions.filter(({ held }) => !held).map((failed) => failed.name)).toContain(name);
    expect(verdict!.reason).toContain(figure);
  });

  it('hold where nothing is wrong', () => {
    const [verdict] = judge([clear], evidenceOf(), able);
    expect(verdict!.preconditions.map(({ name, held }) => [name, held])).toEqual(
      ['seeds', 'control', 'gate', 'room', 'rates', 'flat', 'learnt', 'power', 'metrics agree'].map((name) => [
        name,
        true,
      ]),
    );
  });

  it('ask for a rate that was found on the very targets that were learned', () => {
    const taught: Evidence = (study, variant, task) =>
      evidenceOf()(study, variant, task).map((run) => {
        const training = { ...run.run.spec.training, teacher: variant === 'best' ? 'one@000000000001' : null };
        return { ...run, run: { ...run.run, spec: { ...run.run.spec, method: 'full', training } } };
      });
    const said = (more: object): readonly string[] => {
      const table = tuningOf(rate);
      const [own] = table.families.filter(({ method }) => method === 'full');
      const students = { ...table, families: [{ ...own!, ...more }] };
      const [verdict] = judge([clear], taught, { ...able, tuning: [table, students] });
      return verdict!.preconditions.filter(({ held, name }) => !held && name === 'rates').map(({ figure }) => figure);
    };
    expect(said({ teacher: 'one@000000000001' })).toEqual([]);
    expect(said({ teacher: 'two@000000000002' })).toEqual(['full has no rate of its own']);
    expect(said({})).toEqual(['full has no rate of its own']);
  });

  it('take a loss that falls at once, and little on validation, for learnt', () => {
    const steep: Evidence = (study, variant, task) =>
      evidenceOf()(study, variant, task).map((run) => ({
        ...run,
        train: Array.from({ length: 100 }, (_, i) => ({
          ...run.train[0]!,
          ...{ step: i + 1, steps: 100, loss: [2.6, 2.4, 1.9, 1.75, 1.9][i] ?? 1.7 + 0.05 * Math.sin(7 * i) },
        })),
        evaluations: run.evaluations.map((line) => ({ ...line, loss: 1.8 + (variant === 'best' ? 0 : 0.1) })),
      }));
    const [verdict] = judge([clear], steep, able);
    expect(verdict!.preconditions.find(({ name }) => name === 'learnt')).toMatchObject({ held: true });
  });

  it('take a loss that goes up and down with the task of a batch, and falls, for learnt', () => {
    const mixed: Evidence = (study, variant, task) =>
      evidenceOf()(study, variant, task).map((run) => ({
        ...run,
        train: Array.from({ length: 100 }, (_, i) => ({
          ...run.train[0]!,
          ...{ step: i + 1, steps: 100, loss: i === 0 ? 3.4 + 0.2 * run.run.spec.seed : i % 2 === 0 ? 2.1 : 4.1 },
        })),
      }));
    const [verdict] = judge([clear], mixed, able);
    expect(verdict!.preconditions.find(({ name }) => name === 'learnt')).toMatchObject({ held: true });
  });

  it('name the hours that would mend what hours can', () => {
    const [seeds] = judge([clear], evidenceOf({}, 4), able);
    expect(seeds!.hours).toBeCloseTo((2 * 360) / 3600 / 2, 10);
    expect(judge([clear], evidenceOf(), { ...able, gate: undefined })[0]!.hours).toBeNull();
    // of several that must hold together, those of all, and none once one of them has decided
    const together = (...links: Finding['links']): Finding => ({ ...finding('both', ...links), worstOf: links.length });
    const again = link('greater', 'good', 'bad', { printed });
    expect(judge([together(...clear.links, again)], evidenceOf({}, 4), able)[0]!.hours).toBeCloseTo(0.2, 10);
    const elsewhere = { ...again, task: 'english-romanian' };
    expect(judge([together(...clear.links, elsewhere)], evidenceOf({}, 4), able)[0]!.hours).toBeNull();
    const wrong = link('greater', 'bad', 'best');
    const spoilt = evidenceOf({ alike: { fall: 0 } });
    expect(judge([together(wrong, link('greater', 'best', 'alike'))], spoilt, able)[0]!.hours).toBe(0);
  });

  it('say how many seeds would see what the paper prints, what they take, or that none would', () => {
    const found = { gap: 0, seeds: 5, examples: 400, seedVariance: 1e-4, exampleVariance: 1e-6 };
    const sized = { delta: 0.01, expected: 0.02, level: 0.95 };
    const wanted = seedsToSee(found, 0.02, 0.95)!;
    expect(powerful(found, sized)).toEqual({
      ...{ name: 'power', held: false, seeds: wanted },
      figure: `sees 0.037, where the paper's gap would be 0.020; ${wanted} seeds would`,
    });
    expect(powerful({ ...found, exampleVariance: 1e-4 }, sized)).toMatchObject({ held: false, seeds: null });
    expect(powerful(found, { ...sized, expected: 0.1 })).not.toHaveProperty('seeds');
    const test = testLink(link('greater', 'best', 'bad'), evidenceOf());
    const hours = (power: Precondition): number | null =>
      hoursOf([{ test, said: { preconditions: [power] } as unknown as LinkVerdict }]);
    expect(hours(powerful(found, sized))).toBeCloseTo((2 * (wanted - 5) * 360) / 3600 / 2, 10);
    expect(hours(powerful({ ...found, exampleVariance: 1e-4 }, sized))).toBeNull();
  });
});

function edged(): TuningTable {
  const table = tuningOf(rate);
  return { ...table, families: table.families.map((one) => ({ ...one, trials: one.trials.slice(0, 2) })) };
}

/** Four of five seeds learn. */
function oneStuck(): Evidence {
  return (study, variant, task) =>
    evidenceOf()(study, variant, task).map((run) => {
      const isStuck = variant === 'bad' && run.run.spec.seed === 3;
      return isStuck ? { ...run, train: run.train.map((line) => ({ ...line, loss: run.train[0]!.loss })) } : run;
    });
}

/** Full fine-tuning above prompt tuning: 5.96 points, more than a fifth of the task's whole span. */
function wide() {
  return { ...printed, tables: ['Table 6'], first: ['full'], second: ['prompt:l=300'] };
}

function noisySeeds(noisy = 'good'): Evidence {
  return (study, variant, task) =>
    evidenceOf()(study, variant, task).map((run, i) => {
      const shift = variant === noisy ? 0.2 * (i - 2) : 0;
      return { ...run, final: { ...run.final, perExample: run.final.perExample.map((value) => value + shift) } };
    });
}

/** The best side's runs begin where a stage on their own task ended, which was trained at a rate. */
function staged(learningRate: number): Evidence {
  const plain = evidenceOf();
  const before: Stage = {
    ...{ method: 'full', task: 'synopsis', examples: 8, epochs: 1, learningRate, target: 8 },
    gives: { kind: 'tensors' },
  };
  return (study, variant, task) =>
    plain(study, variant, task).map((record) => {
      const { spec } = record.run;
      const training = { ...spec.training, before: variant === 'best' ? before : null };
      return { ...record, run: { ...record.run, spec: { ...spec, training } } };
    });
}
