import { withoutNear } from './near';
import type { ClassificationExample } from './classification';
import { splitExamples, type Example, type TaskData } from './task';
import { normalText } from './text';

/** A text with its label, and the group (an article, a chapter, a conversation) that must not cross splits. */
export interface Labelled {
  readonly id: string;
  readonly text: string;
  readonly label: number;
  readonly group: string;
}

/** Most examples of each split; all where left out. */
export type Sizes = Readonly<Partial<Record<keyof TaskData, number>>>;

/**
 * A classification task's data: of texts that are equal but for case, space and punctuation the first stays, none where
 * their labels differ; then groups are divided as everywhere, each split is cut to its size in hashed order, and what
 * is near a text of a split that is scored leaves those before it.
 */
export function labelledData(
  name: string,
  rows: readonly Labelled[],
  sizes: Sizes = {},
): TaskData<ClassificationExample> {
  return divided(
    name,
    withoutEqual(rows, ({ label }) => label),
    sizes,
    ({ id, text, label }) => ({ id, text, pair: null, label }),
  );
}

/** Of rows with equal texts the first; none where what they say of the text differs. */
export function withoutEqual<R extends Pick<Labelled, 'text'>>(
  rows: readonly R[],
  says: (row: R) => unknown,
): readonly R[] {
  const first = new Map<string, R>();
  const contradicted = new Set<string>();
  for (const row of rows) {
    const key = normalText(row.text);
    const earlier = first.get(key);
    if (earlier === undefined) first.set(key, row);
    else if (says(earlier) !== says(row)) contradicted.add(key);
  }
  return [...first].filter(([key]) => key !== '' && !contradicted.has(key)).map(([, row]) => row);
}

/** Rows by split of their group, cut, near duplicates across splits left out. */
export function divided<R extends Pick<Labelled, 'id' | 'group'>, E extends Example>(
  name: string,
  rows: readonly R[],
  sizes: Sizes,
  exampleOf: (row: R) => E,
): TaskData<E> {
  const groups = new Map(rows.map(({ id, group }) => [id, group]));
  const whole = splitExamples(name, rows.map(exampleOf), ({ id }) => groups.get(id) ?? id);
  return withoutNear({
    train: whole.train.slice(0, sizes.train),
    validation: whole.validation.slice(0, sizes.validation),
    test: whole.test.slice(0, sizes.test),
  });
}
