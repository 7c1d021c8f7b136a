import type { Link, ScoreLink, TimeLink } from '../statistics/link';
import type { Configuration } from '../studies/block';
import type { Finding, Paper } from './verdict';

/** A finding that no study decides yet. */
export type Open = readonly [id: string, source: string, text: string];

export function open(paper: Paper, findings: readonly Open[]): readonly Finding[] {
  return findings.map(([id, source, text]) => ({ id, paper, source, text, links: [], notebook: null }));
}

/** One side of a link: a variant, or several whose scores are added up. */
export type Side = Configuration | readonly Configuration[];

/** The links that a study can decide on one task. */
export interface Claims {
  readonly greater: (better: Side, worse: Side) => Link;
  readonly atLeast: (a: Side, b: Side) => Link;
  readonly near: (a: Side, b: Side) => Link;
  /** A time of `a` over that of `b` lies between `low` and `high`. */
  readonly ratio: (a: Side, b: Side, measure: TimeLink['measure'], range: readonly [low: number, high: number]) => Link;
}

export function claims(study: string, task: string): Claims {
  const sides = (first: Side, second: Side): Pick<Link, 'study' | 'task' | 'first' | 'second'> => ({
    study,
    task,
    first: namesOf(first),
    second: namesOf(second),
  });
  const score =
    (kind: ScoreLink['kind']) =>
    (a: Side, b: Side): Link => ({ kind, ...sides(a, b) });
  return {
    greater: score('greater'),
    atLeast: score('atLeast'),
    near: score('near'),
    ratio: (a, b, measure, range) => ({ kind: 'ratio', ...sides(a, b), measure, range }),
  };
}

function namesOf(side: Side): readonly string[] {
  return (Array.isArray(side) ? (side as readonly Configuration[]) : [side as Configuration]).map(({ name }) => name);
}

/** `better` above `worse`, that above the next, and so on. */
export function descending({ greater }: Claims, sides: readonly Configuration[]): readonly Link[] {
  return sides.slice(1).map((worse, i) => greater(sides[i] as Configuration, worse));
}
