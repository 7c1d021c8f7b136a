import { UserError } from '../errors';
import { budgetSweep } from '../plots/budget-sweep';
import type { Figure } from '../plots/figure';
import { parameterScore, seedsText, type ParameterScoreOptions } from '../plots/parameter-score';
import { countings, pointOf, type Counted } from '../plots/score-plan';
import { summarise } from '../plots/summary';
import type { RunRow } from '../rows';

/** What places methods: a count of parameters, or what varies in a study: `examples`, `rate`, `r` of `lora:r={2,4}`. */
export type ScoreX = Counted | (string & {});

export interface ScoreByOptions extends Omit<ParameterScoreOptions, 'x'> {
  /** What places the methods: `trained`, `stored` or `paper` count, or anything that varies, by its name. */
  readonly x?: ScoreX;
}

/**
 * Score against a count of parameters, the trained ones where none is said, or against anything that varies by name:
 * then a line for each of what else varies, and one across for methods that do not have it.
 * @throws UserError where nothing of that name varies
 */
export function scoreBy(rows: readonly RunRow[], { x = 'trained', ...options }: ScoreByOptions): Figure {
  if (isCounted(x)) return parameterScore(rows, { ...options, x });
  const { published: _, ...drawn } = options;
  const found = new Set(rows.flatMap(({ label }) => namedIn(label).get(x)?.value ?? []));
  demandVaries(x, found.size, rows);
  const numbers = [...found].map(Number);
  const isNumber = numbers.every((value) => value > 0);
  const first = rows[0] as RunRow;
  return budgetSweep(rows, {
    name: `score-by-${x}-${first.task}`,
    title: `${first.metric} by ${x} on ${first.task}`,
    subtitle: `${first.model}, ${seedsText(summarise(rows).map((row) => pointOf(row)))}`,
    ...drawn,
    ticks: isNumber ? numbers : [...found],
    line: ({ label }) => namedIn(label).get(x)?.rest ?? label,
    budget: ({ label }) => {
      const value = namedIn(label).get(x)?.value;
      if (value === undefined) return 0;
      return isNumber ? Number(value) : 1 + [...found].indexOf(value);
    },
    budgetTitle: isNumber ? `${x} (log)` : x,
  });
}

function isCounted(x: string): x is Counted {
  return countings.some((word) => word === x);
}

/** Throws a UserError that names what can place methods. */
export function demandVaries(x: string, values: number, rows: readonly RunRow[]): void {
  if (isCounted(x) || values > 0) return;
  const names = new Set(rows.flatMap(({ label }) => [...namedIn(label).keys()]));
  throw new UserError(`unknown x "${x}": choose from ${[...countings, ...names].join(', ')}`);
}

interface Named {
  readonly value: string;
  /** The label without it. */
  readonly rest: string;
}

/** `r` and `examples` of `lora:r=2, examples=500`. */
export function namedIn(label: string): ReadonlyMap<string, Named> {
  const found = [...label.matchAll(/([:,] ?| )([A-Za-z]\w*)=(\{[^}]*\}|[^,+ ]+)/g)].map(
    ({ 0: all, 1: before = '', 2: name = '', 3: value = '', index }): [string, Named] => {
      const [head, tail] = [label.slice(0, index), label.slice(index + all.length)];
      const isFirst = before === ':' && /^,\w/.test(tail);
      return [name, { value, rest: `${head}${isFirst ? `:${tail.slice(1)}` : tail}` }];
    },
  );
  return new Map(found.reverse());
}
