import { orientation } from '../../rows';
import type { Tested } from '../statistics/link';
import { mean } from '../statistics/statistics';
import type { EvalLine, RunRecord } from '../store/record';
import { at, modelsIn, short, signOf, type Precondition } from './precondition';

/**
 * Both sides have stopped gaining, or their order at half the length is that at the end, by validation loss; across models,
 * whose tokens are not the same, by validation score.
 */
export function flat(test: Tested, delta: number): Precondition {
  const { link, groups } = test;
  if (groups.every((runs) => new Set(runs.map(({ run }) => run.id)).size === 1))
    return at('flat', true, 'one run on both sides: they have no order');
  const isAcross = modelsIn(test).length > 1;
  const worse = (line: EvalLine): number => (isAcross ? -orientation(test.metric) * line.score : line.loss);
  const halves = groups.map((runs) => runs.map((run) => halfAndEnd(run, worse)));
  if (halves.some((runs) => runs.some((one) => one === undefined)))
    return at('flat', false, 'no validation at half the length');
  const gap = (of: (one: Halves) => number): number =>
    mean(halves.map((runs) => runs.reduce((sum, one, place) => sum - signOf(link, place) * (one ? of(one) : NaN), 0)));
  const fall = Math.max(...halves.flat().map((one) => (one ? Math.abs(one.half - one.end) : NaN)));
  const [half, end] = [gap(({ half }) => half), gap(({ end }) => end)];
  const held = fall < delta || Math.sign(half) === Math.sign(end);
  const what = isAcross ? 'score' : 'loss';
  return at('flat', held, `the gap in validation ${what} is ${short(half)} at half and ${short(end)} at the end`);
}

interface Halves {
  readonly half: number;
  readonly end: number;
}

/** What validation said at the end and at the evaluation nearest to the middle, less being better. */
function halfAndEnd({ evaluations }: RunRecord, worse: (line: EvalLine) => number): Halves | undefined {
  const last = evaluations[evaluations.length - 1];
  const middle = evaluations.find(({ step }) => last !== undefined && 2 * step >= last.step && step < last.step);
  return last === undefined || middle === undefined ? undefined : { half: worse(middle), end: worse(last) };
}
