import type { Link, PrintedSides, ScoreLink } from '../statistics/link';
import { readHe, readHoulsby, type PublishedNumber } from './published';

/** What a comparison reads of a printed number. */
type Number = Pick<PublishedNumber, 'table' | 'task' | 'backbone' | 'metric' | 'label' | 'method' | 'score'>;

/**
 * First minus second among the paper's own numbers, with the link's weights: of the first of the tables that prints all
 * of them, else of several where one model made them; undefined where they are not printed so.
 */
export function printedGap(sides: PrintedSides, weights: readonly number[] | undefined): number | undefined {
  const rows = rowsOf(sides);
  return weighed(ofOneTable(rows, sides) ?? ofOneModel(foundIn(sides.tables, rows)), sides, weights);
}

/** The same of a contrast, which one table must print: two tables may be of two models or two sets of examples. */
function printedContrast(sides: PrintedSides): number | undefined {
  return weighed(ofOneTable(rowsOf(sides), sides) ?? [], sides, undefined);
}

/** Read once: every link asks for them, some more than once. */
const printed = new Map<string, readonly Number[]>();

function numbersOf(paper: 'he' | 'houlsby'): readonly Number[] {
  const numbers = printed.get(paper) ?? (paper === 'he' ? readHe() : readHoulsby());
  printed.set(paper, numbers);
  return numbers;
}

/** Of each method what the paper prints on the task; never a number that a table copies from elsewhere. */
function rowsOf({ paper = 'he', task, metric, first, second }: PrintedSides): readonly (readonly Number[])[] {
  const own = numbersOf(paper).filter(
    (number) => number.task === task && number.metric === metric && !number.label.includes('(published)'),
  );
  return [...first, ...second].map((name) => own.filter(({ method, label }) => method === name || label === name));
}

/** Of each method its number in the first of `tables` that has it. */
function foundIn(tables: readonly string[], rows: readonly (readonly Number[])[]): readonly Number[] {
  return rows.flatMap((row) => tables.flatMap((table) => row.filter((one) => one.table === table)).slice(0, 1));
}

function ofOneTable(rows: readonly (readonly Number[])[], { tables }: PrintedSides): readonly Number[] | undefined {
  return tables.map((table) => foundIn([table], rows)).find((found) => found.length === rows.length);
}

function ofOneModel(numbers: readonly Number[]): readonly Number[] {
  return new Set(numbers.map(({ backbone }) => backbone)).size === 1 ? numbers : [];
}

function weighed(
  numbers: readonly Number[],
  sides: PrintedSides,
  weights: readonly number[] | undefined,
): number | undefined {
  if (numbers.length < sides.first.length + sides.second.length) return undefined;
  const sign = (place: number): number => (place < sides.first.length ? 1 : -1);
  return numbers.reduce((sum, { score }, place) => sum + (weights?.[place] ?? 1) * sign(place) * score, 0);
}

/**
 * The positive control: whether the paper's own numbers pass the link that is to stand for its statement, and by how
 * much. A link that they fail is wrong, or is not the paper's. `null` where nothing is printed.
 */
export function control(link: Link): { readonly gap: number; readonly delta: number; readonly passed: boolean } | null {
  if (link.kind === 'ratio' || link.printed === undefined) return null;
  const gap = printedGap(link.printed, link.weights);
  const delta = printedDelta(link);
  if (gap === undefined || delta === undefined) return null;
  const passed = link.kind === 'greater' ? gap > 0 : link.kind === 'atLeast' ? gap > -delta : Math.abs(gap) < delta;
  return { gap, delta, passed };
}

/**
 * In the paper's points: half of the contrast that a link names where the paper says that two are level, whether the
 * gap of those two is printed or not; else half of the link's own gap. Undefined where nothing is printed.
 * @throws where a contrast is named that no table prints: delta would be another one without notice
 */
export function printedDelta({ printed, contrast, weights, study, task }: ScoreLink): number | undefined {
  const gap = contrast !== undefined ? printedContrast(contrast) : printed && printedGap(printed, weights);
  if (contrast !== undefined && gap === undefined) throw new Error(`no table prints a contrast of ${study} on ${task}`);
  return gap === undefined ? undefined : Math.abs(gap) / 2;
}
