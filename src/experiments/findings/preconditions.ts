import { crossed, crossedInterval, leastGap, mostSeeds, seedsToSee, type Gap } from '../statistics/crossed';
import { armOf, seedsToDecide, UNTRAINED, type Link, type Tested } from '../statistics/link';
import { deviation, mean, meanInterval } from '../statistics/statistics';
import type { RunRecord } from '../store/record';
import { canonicalJson } from '../store/spec';
import type { TuningTable } from '../tuning/tuned';
import { rivalsOf } from './gate';
import type { GateRecord } from './gate-record';
import { majorityRight, type MajorityAnswer } from './majority';
import { control } from './printed';

/** What must hold before a comparison may confirm or contradict anything, with the figure that says so. */
export interface Precondition {
  readonly name: 'seeds' | 'control' | 'gate' | 'room' | 'rates' | 'flat' | 'learnt' | 'power' | 'metrics agree';
  readonly held: boolean;
  readonly figure: string;
  /** Of power that is lacking: of how many seeds the gap would be seen; null where not even `mostSeeds` would do. */
  readonly seeds?: number | null;
}

/** How large a difference is asked for, and how surely. */
export interface Sized {
  /** In the unit of the gap: below it a difference does not matter; and the gap that the paper prints. */
  readonly delta: number;
  readonly expected: number;
  /** Level of the comparison's interval after Holm's correction. */
  readonly level: number;
}

/** What is known of the setting of a comparison beside its runs. */
export interface Setting extends Sized {
  readonly gate: GateRecord | undefined;
  /** What full fine-tuning gains over the weakest method, in the unit of the gap. */
  readonly room: number | undefined;
  readonly tuning: readonly TuningTable[];
}

/** Every precondition of a tested link, in the order in which a reader asks for them. */
export function preconditions(test: Tested, setting: Setting): readonly Precondition[] {
  const { link, groups } = test;
  const seeds = at('seeds', groups.length >= seedsToDecide, `${groups.length} of at least ${seedsToDecide}`);
  if (link.kind === 'ratio') return [seeds];
  if (link.varies === 'weights') return [seeds, controlled(link), powerful(test.found, setting)];
  const isText = link.statistic === 'text';
  return [
    seeds,
    controlled(link),
    gated(test, setting),
    ...(isText ? [] : [roomy(setting)]),
    ...(link.varies === 'rate'
      ? [at('rates', true, 'the rate is what is compared')]
      : [tuned(trainedIn(test), setting.tuning)]),
    flat(test, setting),
    ...(link.varies === 'rate' ? [] : [learnt(test, setting.gate?.majority ?? [])]),
    powerful(test.found, setting),
    ...(test.metric === 'nll' && !isText ? [agreeing(test)] : []),
  ];
}

/** Runs of a model as it is learn nothing, at no rate. */
const trainedIn = ({ groups }: Tested): readonly RunRecord[] =>
  groups.flat().filter(({ run }) => run.spec.training.learningRate > UNTRAINED);

const at = (name: Precondition['name'], held: boolean, figure: string): Precondition => ({ name, held, figure });
const short = (value: number): string => value.toPrecision(2);

function controlled(link: Link): Precondition {
  const found = control(link);
  if (found === null) return at('control', true, 'no control: the paper prints no numbers for it');
  return at('control', found.passed, `the paper's own gap is ${short(found.gap)} points`);
}

function gated({ link, groups, metric }: Tested, { gate }: Setting): Precondition {
  const model = groups[0]?.[0]?.run.spec.model;
  const lines = gate?.lines.filter((line) => line.task === link.task && line.model === model) ?? [];
  const lost = lines.filter(({ passed }) => !passed).map(({ against }) => against);
  const wanted = rivalsOf(metric);
  const missing = wanted.filter((name) => lines.every(({ against }) => against !== name));
  const said = [
    ...(lost.length > 0 ? [`does not beat ${[...new Set(lost)].join(', ')}`] : []),
    ...(missing.length > 0 ? [`never compared with ${missing.join(', ')}`] : []),
  ];
  return at('gate', said.length === 0, said.join('; ') || 'full fine-tuning beats all of them');
}

function roomy({ room, delta }: Setting): Precondition {
  if (room === undefined) return at('room', false, 'full fine-tuning or the weakest method is not run');
  return at(
    'room',
    room >= 5 * delta,
    `full fine-tuning is ${short(room / delta)} delta above the weakest method, of 5`,
  );
}

/**
 * Each side's rate is its own: tuned for that very method on that task and model, over as many steps as it runs and two
 * seeds, with the best inside the grid. What a stage before the run trained had a rate that was found for it, too.
 */
function tuned(runs: readonly RunRecord[], tables: readonly TuningTable[]): Precondition {
  const methods = new Map(
    runs.map((record) => {
      const { method, training } = record.run.spec;
      return [`${method} ${teacherOf(record)} ${training.learningRate}`, record];
    }),
  );
  const faults = [...methods.values()].flatMap((record) => {
    const { spec } = record.run;
    if (!isStageTuned(record, tables))
      return [`the stage before ${spec.method} was trained at a rate that nobody tuned`];
    const own = tables.filter(({ task, model }) => task === spec.task && model === spec.model);
    own.sort((a, b) => Number(b.study === spec.study) - Number(a.study === spec.study)); // its own setting's first
    // one method may be tuned more than once, such as with a stage before it and without
    const alike = own
      .flatMap(({ families }) => families)
      .filter(({ method, teacher = '' }) => method === spec.method && teacher === teacherOf(record));
    const found = alike.find(({ chosen }) => chosen === spec.training.learningRate) ?? alike[0];
    if (found === undefined) return [`${spec.method} has no rate of its own`];
    const rates = found.trials.map(({ rate }) => rate);
    if (found.chosen !== spec.training.learningRate) return [`${spec.method} was run at another rate than its best`];
    if (found.steps === undefined || found.steps < record.final.steps)
      return [`${spec.method} was tuned on fewer steps`];
    if (found.seeds === undefined || found.seeds < 2) return [`${spec.method} was tuned with one seed`];
    const isEdge = found.chosen === Math.min(...rates) || found.chosen === Math.max(...rates);
    return isEdge ? [`${spec.method}'s best rate lies on the edge of its grid`] : [];
  });
  return at('rates', faults.length === 0, faults.join('; ') || 'each its own, inside its grid');
}

/** Whether some table chose the rate of the stage before a run, for its method on its task and this model. */
function isStageTuned({ run }: RunRecord, tables: readonly TuningTable[]): boolean {
  const { model, training } = run.spec;
  const { before } = training;
  if (before === null) return true;
  return tables
    .filter((table) => table.model === model && table.task === before.task)
    .flatMap(({ families }) => families)
    .some(({ method, chosen }) => method === before.method && chosen === before.learningRate);
}

const teacherOf = ({ run }: RunRecord): string => run.spec.training.teacher ?? '';

/** Both sides have stopped gaining, or their order at half the length is that at the end, by validation loss. */
function flat({ link, groups }: Tested, { delta }: Setting): Precondition {
  const halves = groups.map((runs) => runs.map(halfAndEnd));
  if (halves.some((runs) => runs.some((one) => one === undefined)))
    return at('flat', false, 'no validation at half the length');
  const gap = (of: (one: Halves) => number): number =>
    mean(halves.map((runs) => runs.reduce((sum, one, place) => sum - signOf(link, place) * (one ? of(one) : NaN), 0)));
  const fall = Math.max(...halves.flat().map((one) => (one ? Math.abs(one.half - one.end) : NaN)));
  const [half, end] = [gap(({ half }) => half), gap(({ end }) => end)];
  const held = fall < delta || Math.sign(half) === Math.sign(end);
  return at('flat', held, `the gap in validation loss is ${short(half)} at half and ${short(end)} at the end`);
}

/** The weight of a variant in the difference: above 0 on the first side. */
function signOf(link: Link, place: number): number {
  const weight = (link.kind === 'ratio' ? undefined : link.weights)?.[place] ?? 1;
  return place < link.first.length ? weight : -weight;
}

interface Halves {
  readonly half: number;
  readonly end: number;
}

/** Validation losses at the end and at the evaluation nearest to the middle. */
function halfAndEnd({ evaluations }: RunRecord): Halves | undefined {
  const last = evaluations[evaluations.length - 1];
  const middle = evaluations.find(({ step }) => last !== undefined && 2 * step >= last.step && step < last.step);
  return last === undefined || middle === undefined ? undefined : { half: middle.loss, end: last.loss };
}

/**
 * No run ended where it began: the training loss of its last twentieth lies below that of the first step, before any
 * update, by two standard errors. The first steps of all seeds are of one model, and are taken together. Where answers
 * are right or wrong, each side is right more often than the most frequent answer, by its interval.
 */
function learnt(test: Tested, majority: readonly MajorityAnswer[]): Precondition {
  const stuck = collapsed(trainedIn(test));
  const faults = [
    ...(stuck.length > 0 ? [`not ${stuck.join(', ')}`] : []),
    ...asMajority(test, majority).map((said) => `not above the most frequent answer: ${said}`),
  ];
  return at('learnt', faults.length === 0, faults.length === 0 ? 'every run' : faults.join('; '));
}

/** Sides that always giving one answer would equal, each with what it has more. */
function asMajority({ link, groups }: Tested, majority: readonly MajorityAnswer[]): readonly string[] {
  if (link.kind === 'ratio' || link.statistic === 'text' || link.measured !== undefined) return [];
  const sides = [...link.first, ...link.second].flatMap((name, place) => {
    const rows = groups.flatMap((runs) => {
      const run = runs[place];
      const most = run && run.run.spec.training.learningRate > UNTRAINED ? majorityRight(majority, run) : undefined;
      if (run === undefined || most === undefined) return [];
      const more = run.final.perExample.map((value, i) => value - (most.right[i] ?? NaN));
      return [{ answer: most.answer, more: armOf(link, place, more) }];
    });
    if (rows.length < 2) return [];
    const found = crossed(rows.map(({ more }) => more));
    const { low, high } = crossedInterval(found);
    const answer = rows[0]?.answer ?? '';
    return low > 0 ? [] : [`${name} by ${short(found.gap)} [${short(low)}, ${short(high)}], always "${answer}"`];
  });
  return [...new Set(sides)];
}

/** Runs that ended where they began, by name. */
function collapsed(runs: readonly RunRecord[]): readonly string[] {
  const sides = new Map<string, readonly RunRecord[]>();
  for (const run of runs) {
    const key = canonicalJson({ ...run.run.spec, seed: 0 });
    sides.set(key, [...(sides.get(key) ?? []), run]);
  }
  const stuck = [...sides.values()].flatMap((side) => {
    const starts = side.map(({ train }) => train[0]?.loss ?? NaN);
    return side.filter((run) => !isBelow(run, starts)).map(nameOf);
  });
  return [...new Set(stuck)];
}

const nameOf = ({ run: { spec } }: RunRecord): string => `${spec.method} with seed ${spec.seed}`;

/** Over the last fifth of training: batches of a mixture differ by task, and a few of them say nothing. */
function isBelow({ train }: RunRecord, starts: readonly number[]): boolean {
  const end = train.slice(-Math.max(1, Math.floor(train.length / 5))).map(({ loss }) => loss);
  const error = Math.hypot(deviationOf(starts) / Math.sqrt(starts.length), deviationOf(end) / Math.sqrt(end.length));
  return mean(end) < mean(starts) - 2 * error;
}

/** Of one value nothing is known. */
const deviationOf = (values: readonly number[]): number => (values.length < 2 ? 0 : deviation(values));

/**
 * A gap of the size that the paper prints would be seen: in 80 of 100 repetitions, at the corrected level. Asked only
 * where none was: an interval that lies beyond delta on either side has seen it.
 */
export function powerful(found: Gap, { delta, expected, level }: Sized): Precondition {
  const { low, high } = crossedInterval(found, level);
  if (low > delta || high < -delta) return at('power', true, 'a difference beyond delta was seen');
  const least = leastGap(found, level);
  const figure = `sees ${short(least)}, where the paper's gap would be ${short(expected)}`;
  if (least <= expected) return at('power', true, figure);
  const seeds = seedsToSee(found, expected, level);
  const remedy =
    seeds === undefined ? `not even ${mostSeeds} seeds would on these test examples` : `${seeds} seeds would`;
  return { ...at('power', false, `${figure}; ${remedy}`), seeds: seeds ?? null };
}

/** Likelihood and the text metric do not say opposite things, each by its interval. */
function agreeing({ link, found, groups }: Tested): Precondition {
  const texts = groups.map((runs) =>
    runs.reduce((sum, run, place) => sum + signOf(link, place) * (run.final.written?.chrf ?? NaN), 0),
  );
  if (texts.some((value) => Number.isNaN(value))) return at('metrics agree', false, 'nothing was written');
  const { low, high } = meanInterval(texts);
  const likelihood = crossedInterval(found);
  const opposite = (low > 0 && likelihood.high < 0) || (high < 0 && likelihood.low > 0);
  return at(
    'metrics agree',
    !opposite,
    `chrF differs by ${mean(texts).toFixed(2)} [${low.toFixed(2)}, ${high.toFixed(2)}]`,
  );
}
