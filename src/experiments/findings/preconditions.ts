import { crossedInterval, leastGap, mostSeeds, seedsToSee, type Gap } from '../statistics/crossed';
import { seedsToDecide, type Link, type Tested } from '../statistics/link';
import { mean, meanInterval } from '../statistics/statistics';
import type { TuningTable } from '../tuning/tuned';
import { flat } from './flat';
import { rivalsOf } from './gate';
import type { GateRecord } from './gate-record';
import { learnt } from './learnt';
import { at, modelsIn, short, signOf, trainedIn, type Precondition } from './precondition';
import { control } from './printed';
import { tuned } from './rates';

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
    flat(test, setting.delta),
    ...(link.varies === 'rate' ? [] : [learnt(test, setting.gate?.majority ?? [])]),
    powerful(test.found, setting),
    ...(test.metric === 'nll' && !isText ? [agreeing(test)] : []),
  ];
}

function controlled(link: Link): Precondition {
  const found = control(link);
  if (found === null) return at('control', true, 'no control: the paper prints no numbers for it');
  return at('control', found.passed, `the paper's own gap is ${short(found.gap)} points`);
}

/** Of every model that is compared: a side that is fine-tuned badly is no opponent. */
function gated(test: Tested, { gate }: Setting): Precondition {
  const models = modelsIn(test);
  const said = models.flatMap((model) =>
    faultsOf(test, gate?.lines.filter((line) => line.task === test.link.task && line.model === model) ?? []).map(
      (fault) => (models.length > 1 ? `${model} ${fault}` : fault),
    ),
  );
  return at('gate', said.length === 0, said.join('; ') || 'full fine-tuning beats all of them');
}

function faultsOf({ metric }: Tested, lines: GateRecord['lines']): readonly string[] {
  const lost = lines.filter(({ passed }) => !passed).map(({ against }) => against);
  const missing = rivalsOf(metric).filter((name) => lines.every(({ against }) => against !== name));
  return [
    ...(lost.length > 0 ? [`does not beat ${[...new Set(lost)].join(', ')}`] : []),
    ...(missing.length > 0 ? [`never compared with ${missing.join(', ')}`] : []),
  ];
}

function roomy({ room, delta }: Setting): Precondition {
  if (room === undefined) return at('room', false, 'full fine-tuning or the weakest method is not run');
  return at(
    'room',
    room > 0 && room >= 5 * delta,
    `full fine-tuning is ${short(room / delta)} delta above the weakest method, of 5`,
  );
}

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
