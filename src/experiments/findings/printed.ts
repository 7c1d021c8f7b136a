import type { Link, PrintedSides } from '../statistics/link';
import { readHe, readHoulsby, type PublishedNumber } from './published';

/** What a comparison reads of a printed number. */
type Number = Pick<PublishedNumber, 'table' | 'task' | 'metric' | 'label' | 'method' | 'score'>;

/**
 * First minus second among the paper's own numbers, with the link's weights; undefined where one of them is not printed.
 * @param numbers the published ones; the file of the link's paper where left out
 */
export function printedGap(
  { paper = 'he', tables, task, metric, first, second }: PrintedSides,
  weights: readonly number[] | undefined,
  numbers: readonly Number[] = paper === 'he' ? readHe() : readHoulsby(),
): number | undefined {
  const scores = [...first, ...second].map((method) => scoreOf(numbers, { tables, task, metric }, method));
  if (scores.some((score) => score === undefined)) return undefined;
  return scores.reduce<number>((sum, score, place) => {
    const weight = (weights?.[place] ?? 1) * (place < first.length ? 1 : -1);
    return sum + weight * (score ?? 0);
  }, 0);
}

type Place = Pick<PrintedSides, 'tables' | 'task' | 'metric'>;

/** The number of a method in the first of the tables that prints it; never those that a table copies from elsewhere. */
function scoreOf(numbers: readonly Number[], place: Place, method: string): number | undefined {
  const own = numbers.filter(
    (number) =>
      number.task === place.task &&
      number.metric === place.metric &&
      (number.method === method || number.label === method) &&
      !number.label.includes('(published)'),
  );
  return place.tables.flatMap((table) => own.filter((number) => number.table === table))[0]?.score;
}

/**
 * The positive control: whether the paper's own numbers pass the link that is to stand for its statement, and by how
 * much. A link that they fail is wrong, or is not the paper's. `null` where nothing is printed.
 */
export function control(link: Link): { readonly gap: number; readonly delta: number; readonly passed: boolean } | null {
  if (link.kind === 'ratio' || link.printed === undefined) return null;
  const gap = printedGap(link.printed, link.weights);
  if (gap === undefined) return null;
  const delta = Math.abs(contrastOf(link, gap)) / 2;
  const passed = link.kind === 'greater' ? gap > 0 : link.kind === 'atLeast' ? gap > -delta : Math.abs(gap) < delta;
  return { gap, delta, passed };
}

/** What the paper calls a difference: the link's own, or the one that it names where it says that two are level. */
function contrastOf(link: Exclude<Link, { readonly kind: 'ratio' }>, gap: number): number {
  return link.contrast === undefined ? gap : (printedGap(link.contrast, undefined) ?? 0);
}
