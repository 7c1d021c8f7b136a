import type { Link, PrintedSides, ScoreLink, TimeLink } from '../statistics/link';
import type { Configuration } from '../studies/block';
import { roleOf, type Place } from './roles';
import type { Finding, Paper } from './verdict';

/** A finding that no study decides yet. */
export type Open = readonly [id: string, source: string, text: string];

export function open(paper: Paper, findings: readonly Open[]): readonly Finding[] {
  return findings.map(([id, source, text]) => ({
    id,
    paper,
    source,
    text,
    standing: 'claim',
    links: [],
    notebook: null,
  }));
}

/** One side of a link: a variant, or several whose scores are added up. */
export type Side = Configuration | readonly Configuration[];

/** The comparisons that a study can decide on one task, with their like among the numbers of the paper's tables. */
export interface Claims {
  readonly greater: (better: Side, worse: Side, weights?: readonly number[]) => Link;
  /** `contrast`: the pair that the paper calls different, printed in one table; delta is half of its gap. */
  readonly atLeast: (a: Side, b: Side, contrast?: Pair) => Link;
  readonly near: (a: Side, b: Side, contrast?: Pair) => Link;
  /** By what was written, one chrF a seed. */
  readonly greaterText: (better: Side, worse: Side) => Link;
  /** A time of `a` over that of `b` lies between `low` and `high`. */
  readonly ratio: (a: Side, b: Side, measure: TimeLink['measure'], range: readonly [low: number, high: number]) => Link;
}

type Pair = readonly [higher: Configuration, lower: Configuration];

export function claims(study: string, task: string, ...tables: readonly string[]): Claims {
  const sides = (first: Side, second: Side): Pick<Link, 'study' | 'task' | 'first' | 'second'> => ({
    study,
    task,
    first: listOf(first).map(({ name }) => name),
    second: listOf(second).map(({ name }) => name),
  });
  const score = (kind: ScoreLink['kind'], first: Side, second: Side): ScoreLink => {
    const printed = printedSides(tables, { study, task }, first, second);
    return { kind, ...sides(first, second), ...(printed === undefined ? {} : { printed }) };
  };
  const level =
    (kind: ScoreLink['kind']) =>
    (a: Side, b: Side, pair?: Pair): Link => {
      if (pair === undefined) return score(kind, a, b);
      const contrast = printedSides(tables, { study, task }, ...pair);
      if (contrast === undefined) throw new Error(`${study} on ${task}: a contrast that has no printed numbers`);
      return { ...score(kind, a, b), contrast };
    };
  return {
    greater: (a, b, weights) => ({ ...score('greater', a, b), ...(weights === undefined ? {} : { weights }) }),
    atLeast: level('atLeast'),
    near: level('near'),
    greaterText: (a, b) => ({ kind: 'greater', ...sides(a, b), statistic: 'text' }),
    ratio: (a, b, measure, range) => ({ kind: 'ratio', ...sides(a, b), measure, range }),
  };
}

function printedSides(tables: readonly string[], place: Place, first: Side, second: Side): PrintedSides | undefined {
  const role = roleOf(place);
  const [left, right] = [first, second].map((side) => listOf(side).flatMap(({ printed }) => printed ?? []));
  const isWhole = left?.length === listOf(first).length && right?.length === listOf(second).length;
  if (role === undefined || tables.length === 0 || !isWhole) return undefined;
  return {
    ...(role.paper === undefined ? {} : { paper: role.paper }),
    tables,
    task: role.plays,
    metric: role.metric,
    first: left ?? [],
    second: right ?? [],
  };
}

function listOf(side: Side): readonly Configuration[] {
  return Array.isArray(side) ? (side as readonly Configuration[]) : [side as Configuration];
}

/** `better` above `worse`, that above the next, and so on. */
export function descending({ greater }: Claims, sides: readonly Configuration[]): readonly Link[] {
  return sides.slice(1).map((worse, i) => greater(sides[i] as Configuration, worse));
}

/** A configuration and its size: r or l. */
export type Sized = readonly [configuration: Configuration, size: number];

/**
 * A curve gains less for each doubling of the size on its second step than on its first, whatever the sizes are:
 * (middle - low) / ln(middle / low) above (high - middle) / ln(high / middle).
 */
export function flattens({ greater }: Claims, [low, middle, high]: readonly [Sized, Sized, Sized]): Link {
  const [first, second] = [1 / Math.log(middle[1] / low[1]), 1 / Math.log(high[1] / middle[1])];
  return greater([middle[0], middle[0]], [low[0], high[0]], [first, second, first, second]);
}
