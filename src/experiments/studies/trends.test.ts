import { describe, expect, it } from 'vitest';
import { ownModels } from '../../model/own-models';
import { canonicalJson, runId, seedlessHash, type RunSpec } from '../store/spec';
import { readTuning } from '../tuning/tuned';
import { baseGate } from './base-gate';
import { blockStudies } from './block-studies';
import { demandTuned } from './demand-tuned';
import { computePlan } from './plan';
import { atPrecision } from './precision';
import { plansOf, type Study, type TrendPoint } from './study';
import { summarisation } from './summarisation';
import { trends, trendsTunable } from './trends';

const study = trends('full');
const idsOf = (of: Study | undefined): ReadonlySet<string> =>
  new Set((of === undefined ? [] : plansOf(of)).map(({ spec }) => runId(spec)));
const block = idsOf(blockStudies.find(({ studyName }) => studyName === 'synopsis')?.('full'));
const isSecondHere = ownModels().some(({ name }) => name === 'petl-mini-seq2seq-2');

function pointOf(axis: string, place: string): TrendPoint {
  const found = study.trends?.find((point) => point.axis.startsWith(axis) && point.place === place);
  if (found === undefined) throw new Error(`no ${axis} ${place}`);
  return found;
}
const runsAt = (axis: string, place: string): readonly RunSpec[] =>
  pointOf(axis, place).methods.flatMap(({ runs }) => runs);
const stepsOf = ({ training: { examples, epochs, batch } }: RunSpec): number => (Number(examples) * epochs) / batch;

describe('trends', () => {
  it('shares every run of the whole block, on all three axes, and trains none of them again', () => {
    const whole = ['steps 1', 'examples 1', 'base first'].map((text) => text.split(/ (.*)/) as [string, string]);
    for (const [axis, place] of whole) {
      const ids = runsAt(axis, place).map(runId);
      expect(ids).toHaveLength(5 * 3);
      expect(ids.filter((id) => !block.has(id))).toEqual([]);
    }
    const others = plansOf(study).filter(({ spec }) => !block.has(runId(spec)));
    expect(others.map(({ spec }) => spec.study).filter((name) => name === 'synopsis')).toEqual([]);
  });

  it('varies steps in one pass, and examples at equal steps: a quarter of each sees the same number of examples', () => {
    const all = Number(runsAt('steps', '1')[0]?.training.examples);
    const training = (axis: string, place: string): readonly unknown[] => {
      const found = runsAt(axis, place).map((spec) => [spec.training.examples, spec.training.epochs, stepsOf(spec)]);
      return [...new Set(found.map(canonicalJson))].map((text) => JSON.parse(text) as unknown);
    };
    expect(training('steps', '1/4')).toEqual([[all / 4, 1, 80]]);
    expect(training('steps', '1/2')).toEqual([[all / 2, 1, 160]]);
    expect(training('steps', '1')).toEqual([[all, 1, 320]]);
    expect(training('examples', '1/4')).toEqual([[all / 4, 4, 320]]);
    expect(training('examples', '1')).toEqual([[all, 1, 320]]);
  });

  it('changes nothing else of a run but its base and its rate', () => {
    const bare = (spec: RunSpec): string => {
      const training = { ...spec.training, examples: 'all', epochs: 1, learningRate: 1 } as const;
      return seedlessHash({ ...spec, study: '', model: '', training });
    };
    const whole = new Set(runsAt('steps', '1').map(bare));
    for (const { spec } of plansOf(study)) expect(whole.has(bare(spec)), runId(spec)).toBe(true);
    const rates = (axis: string, place: string): readonly number[] =>
      runsAt(axis, place).map(({ training }) => training.learningRate);
    for (const [axis, place] of [
      ['steps', '1/4'],
      ['steps', '1/2'],
      ['examples', '1/4'],
    ] as const)
      expect(rates(axis, place)).toEqual(rates('steps', '1'));
  });

  it('takes the gate’s full fine-tuning of random weights, and SmolLM2 from summarisation', () => {
    const [whole, ...others] = pointOf('base', 'random weights').methods;
    expect(whole?.runs.map(runId).filter((id) => !idsOf(baseGate('full')).has(id))).toEqual([]);
    for (const { runs } of others)
      expect(new Set(runs.map((spec) => `${spec.study} ${spec.model}`))).toEqual(
        new Set(['trends petl-mini-seq2seq-random']),
      );
    const large = runsAt('base', 'SmolLM2-135M').map(runId);
    const known = idsOf(summarisation.study('full'));
    expect(large).toHaveLength(5 * 5);
    expect(large.filter((id) => !known.has(id))).toEqual([]);
    expect(plansOf(study).filter(({ spec }) => spec.model === 'smollm2-135m')).toEqual([]);
  });

  it('holds in bfloat16 what runs in bfloat16', () => {
    const { trends: points = [], variants } = atPrecision(study, 'bfloat16');
    const ids = new Set(variants.flatMap(({ runs }) => runs.map(runId)));
    const first = points[0]?.methods.flatMap(({ runs }) => runs.map(runId)) ?? [];
    expect(first.filter((id) => !ids.has(id))).toEqual([]);
  });

  it('runs the second base only where it is there', () => {
    const models = new Set(plansOf(study).map(({ spec }) => spec.model));
    expect(models.has('petl-mini-seq2seq-2')).toBe(isSecondHere);
    expect(runsAt('base', 'second').every(({ model }) => model === 'petl-mini-seq2seq-2')).toBe(true);
  });

  it('adds 57 runs to what the block and the gate have, 15 more on the second base, and says how long one takes', () => {
    const gate = idsOf(baseGate('full'));
    const own = plansOf(study).filter(({ spec }) => !block.has(runId(spec)) && !gate.has(runId(spec)));
    expect(new Set(own.map(({ spec }) => runId(spec))).size).toBe(isSecondHere ? 72 : 57);
    expect(study.minutes).toBeGreaterThan(0);
    expect(computePlan.map(({ block: line }) => line)).not.toContain('trends');
  });

  it('tunes each method on random weights but full fine-tuning, which the gate tunes, and refuses to run before', () => {
    const { families } = trendsTunable();
    const random = families.filter(({ name }) => name.endsWith(':random weights'));
    expect(random.map(({ name, base }) => [name, base.model, stepsOf(base)])).toEqual(
      ['lora', 'prefix', 'scaledPa', 'mam'].map((key) => [`${key}:random weights`, 'petl-mini-seq2seq-random', 120]),
    );
    if (readTuning('trends') === undefined) expect(() => demandTuned(study)).toThrow(/npx petl tune trends first$/);
    expect(() => demandTuned({ ...study, variants: study.variants.slice(0, 20) })).not.toThrow();
  });
});
