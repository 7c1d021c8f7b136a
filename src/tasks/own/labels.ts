import { UserError } from '../../errors';
import { demandText, type DataRow } from './records';

/** Classes that a label column may have: beyond it the column holds names or numbers, not classes. */
export const mostClasses: number = 1000;

/** The values of a label column, in order of number or of code points. */
export function labelsOf(rows: readonly DataRow[], column: string): readonly string[] {
  const values = distinct(rows, column, (row) => [demandText(row, column, 'label')]);
  if (values.length === 1)
    throw new UserError(
      `column "${column}" has one value, "${values[0]}", in all ${rows.length} rows: nothing to learn`,
    );
  const value = asValue(values, column);
  const wish = value === undefined ? '' : ` ${value}`;
  if (values.length > mostClasses || (values.length === rows.length && rows.length > 2))
    throw new UserError(
      `column "${column}" has ${values.length} values in ${rows.length} rows: is it a number or a name, not a class?${wish}`,
    );
  return values.sort(values.every(isNumber) ? (a, b) => Number(a) - Number(b) || byText(a, b) : byText);
}

const byText = (a: string, b: string): number => (a < b ? -1 : 1);

const isNumber = (text: string): boolean => Number.isFinite(Number(text));

/** What is said of labels that are numbers: how they would be learned as such. */
function asValue(labels: readonly string[], column: string): string | undefined {
  return labels.every(isNumber)
    ? `to learn numbers give the column as value (--value ${column}), not as label`
    : undefined;
}

/** What to do where a label never trains; a fraction is no class. */
export function unseenRemedy(labels: readonly string[], column: string): string {
  const value = asValue(labels, column);
  if (value === undefined) return 'add some, or leave that class out';
  return labels.every((label) => Number.isInteger(Number(label)))
    ? `add some, leave that class out, or ${value}`
    : value;
}

/**
 * The labels that rows name, each once. Two that print alike, but are written in two of Unicode's forms, would be two
 * classes: they are refused.
 */
export function distinct(
  rows: readonly DataRow[],
  column: string,
  namesIn: (row: DataRow) => readonly string[],
): string[] {
  const first = new Map<string, string>();
  for (const row of rows) for (const name of namesIn(row)) if (!first.has(name)) first.set(name, row.at);
  const composed = new Map<string, string>();
  for (const name of first.keys()) {
    const twin = composed.get(name.normalize('NFC'));
    if (twin !== undefined)
      throw new UserError(
        `${first.get(name)}, column "${column}": the label "${name}" prints like that of ${first.get(twin)} and is another, in another Unicode form: write both in one, such as NFC`,
      );
    composed.set(name.normalize('NFC'), name);
  }
  return [...first.keys()];
}
