import { crossed, crossedInterval } from '../experiments/statistics/crossed';
import { isPair } from '../experiments/statistics/link';
import { mean } from '../experiments/statistics/statistics';
import type { RunRecord } from '../experiments/store/record';
import { recordsOfRuns } from '../experiments/store/rows';
import type { Study, TrendPoint } from '../experiments/studies/study';
import type { Figure } from '../plots/figure';
import type { PlacedGap } from '../plots/gap-lines';
import { gapPanels } from '../plots/gap-panels';
import type { GapPanel } from '../plots/gap-places';
import { groupBy } from '../plots/summary';
import { orientation } from '../rows';

/** What a study of trends has shown so far. */
export interface Trends {
  /** By axis, place and method: above 0 is better than full fine-tuning, in the metric's unit. */
  readonly gaps: readonly PlacedGap[];
  /** What has no runs, a line for each thing that makes them. */
  readonly missing: readonly string[];
}

/**
 * The gap of each method to full fine-tuning at each place of each axis, over the seeds and examples that both have, with
 * crossed 95% intervals; one seed has none.
 */
export function trendGaps({ trends = [] }: Pick<Study, 'trends'>, results?: string): Trends {
  const found = trends.map((point) => ({ point, gaps: gapsAt(point, results) }));
  const lacking = found.flatMap(({ point, gaps }) => lackingAt(point, gaps));
  return {
    gaps: found.flatMap(({ gaps }) => gaps),
    missing: [...groupBy(lacking, ({ made }) => made)].map(
      ([made, points]) => `not run (${made}): ${points.map(({ words }) => words).join('; ')}`,
    ),
  };
}

function gapsAt({ axis, place, methods }: TrendPoint, results: string | undefined): readonly PlacedGap[] {
  const [whole, ...others] = methods.map(({ label, runs }) => ({ label, records: recordsOfRuns(runs, results) }));
  return others.flatMap(({ label, records }) => {
    const gap = gapOf(records, whole?.records ?? []);
    return gap === undefined ? [] : [{ panel: axis, place, line: label, ...gap }];
  });
}

type Gap = Omit<PlacedGap, 'panel' | 'place' | 'line'>;

function gapOf(records: readonly RunRecord[], whole: readonly RunRecord[]): Gap | undefined {
  const pairs = records.flatMap((run) => {
    const other = whole.find((one) => isPair(run, one));
    return other === undefined ? [] : [{ run, other }];
  });
  const [first] = pairs;
  if (first === undefined) return undefined;
  const sign = orientation(first.run.final.metric);
  const rows = pairs.map(({ run, other }) =>
    run.final.perExample.map((value, i) => sign * (value - (other.final.perExample[i] ?? NaN))),
  );
  const of = {
    gap: mean(rows.map(mean)),
    seeds: rows.length,
    zero: mean(pairs.map(({ other }) => mean(other.final.perExample))),
  };
  return rows.length < 2 ? of : { ...of, ...crossedInterval(crossed(rows)) };
}

/** A place without runs, or the methods that it lacks. */
function lackingAt(
  { axis, place, methods, made }: TrendPoint,
  gaps: readonly PlacedGap[],
): readonly { readonly made: string; readonly words: string }[] {
  const lacking = methods.slice(1).filter(({ label }) => !gaps.some(({ line }) => line === label));
  if (lacking.length === 0) return [];
  const who = gaps.length === 0 ? '' : `, ${lacking.map(({ label }) => label).join(', ')}`;
  return [{ made, words: `${axis}: ${place}${who}` }];
}

/** Gaps on other models are of another size: an axis of models has a scale of its own. */
function panelOf(title: string, points: readonly TrendPoint[]): GapPanel {
  const models = new Set(
    points.flatMap(({ methods }) => methods.flatMap(({ runs }) => runs.map(({ model }) => model))),
  );
  return { title, places: points.map(({ place }) => place), alone: models.size > 1 };
}

/** How wide the figure is, and where the results lie if not in the usual place. */
export interface TrendsOptions {
  /** Pixels, or a length on paper. */
  readonly width?: number | string;
  readonly results?: string;
}

/** One panel for each axis of the study; what has no runs is named below and not drawn. */
export function trendsFigure(study: Study, { width, results }: TrendsOptions = {}): Figure {
  const { name, title, trends = [] } = study;
  const { gaps, missing } = trendGaps(study, results);
  const axes = [...new Set(trends.map(({ axis }) => axis))];
  const [whole, ...others] = trends[0]?.methods ?? [];
  const seeds = [...new Set(gaps.map((gap) => gap.seeds))].sort((a, b) => a - b).join(', ');
  return gapPanels(gaps, {
    ...{ name, title },
    subtitle: `${study.variants[0]?.runs[0]?.task ?? ''}, test; ${seeds || 'no'} ${seeds === '1' ? 'seed, no intervals' : 'seeds, 95% intervals over seeds and examples'}`,
    panels: axes.map((axis) =>
      panelOf(
        axis,
        trends.filter((point) => point.axis === axis),
      ),
    ),
    lines: others.map(({ label }) => label),
    unit: 'better by, nats per target token',
    zero: whole?.label ?? '',
    notes: missing,
    ...(width === undefined ? {} : { width }),
  });
}
