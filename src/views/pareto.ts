import { deviation, mean } from '../experiments/statistics/statistics';
import { formatOf, meanText, shortNumber } from '../plots/scale';
import { groupBy } from '../plots/summary';
import type { Table } from '../plots/table';
import { orientation, type RunRow } from '../rows';

/** What a method costs and brings, means over seeds. */
export interface Offer {
  readonly label: string;
  readonly metric: string;
  readonly score: number;
  readonly sd: number;
  readonly seeds: number;
  readonly trained: number;
  readonly seconds: number;
  /** Of the runs whose memory is known; null where none is. */
  readonly peakMb: number | null;
}

/** One offer for each label of rows of one task. */
export function offersOf(rows: readonly RunRow[]): readonly Offer[] {
  return [...groupBy(rows, ({ label }) => label).values()].map((runs): Offer => {
    const [{ label, metric, trained }] = runs as unknown as readonly [RunRow];
    const scores = runs.map(({ score }) => score);
    const seconds = mean(runs.map((run) => run.seconds));
    const peaks = runs.flatMap((run) => run.peakMb ?? []);
    const peakMb = peaks.length === 0 ? null : mean(peaks);
    return { label, metric, score: mean(scores), sd: deviation(scores), seeds: runs.length, trained, seconds, peakMb };
  });
}

/** Offers that no other is at least as good as in score, parameters, time and memory, and better in one. */
export function paretoFront(offers: readonly Offer[]): readonly Offer[] {
  const gains = (offer: Offer): readonly number[] => [
    orientation(offer.metric) * offer.score,
    -offer.trained,
    -offer.seconds,
    -(offer.peakMb ?? Infinity),
  ];
  const beats = (a: readonly number[], b: readonly number[]): boolean =>
    a.every((value, i) => value >= (b[i] ?? 0)) && a.some((value, i) => value > (b[i] ?? 0));
  return offers.filter((offer) => !offers.some((other) => beats(gains(other), gains(offer))));
}

/** Best score first; a star marks the front. */
export function paretoTable(offers: readonly Offer[]): Table {
  const front = new Set(paretoFront(offers));
  const sorted = [...offers].sort((a, b) => orientation(a.metric) * (b.score - a.score));
  return {
    columns: [
      { title: 'front', align: 'left' },
      { title: 'method', align: 'left' },
      { title: `test ${offers[0]?.metric ?? ''}`, align: 'right' },
      { title: 'trained', align: 'right' },
      { title: 'seconds', align: 'right' },
      { title: 'peak MB', align: 'right' },
      { title: 'seeds', align: 'right' },
    ],
    rows: sorted.map((offer) => [
      front.has(offer) ? '*' : '',
      offer.label,
      meanText({ ...offer, mean: offer.score }, formatOf(offer.metric)),
      shortNumber(offer.trained),
      offer.seconds.toFixed(0),
      offer.peakMb?.toFixed(0) ?? '',
      String(offer.seeds),
    ]),
  };
}
