import { UserError } from '../../errors';
import { nearest } from '../../petl/design/nearest';
import { orientation } from '../../rows';
import type { RunEntry } from './entry';

type Field = keyof RunEntry;
type Test = (entry: RunEntry) => boolean;
type Value = RunEntry[Field];

const operators = ['!=', '!~', '<=', '>=', '=', '~', '<', '>'] as const;
type Operator = (typeof operators)[number];

/**
 * A condition on runs: `task=sentiment and method~lora and score>=0.8`. Comparisons are joined by `and` and `or`, the
 * first of which binds closer; `~` is "holds this text", and a value with spaces stands in quotes.
 * @throws UserError on what cannot be read, and on a field that runs do not have
 */
export function whereOf(text: string): Test {
  const options = splitAt(wordsOf(text), 'or').map((part) =>
    splitAt(part, 'and').map((words) => comparison(words, text)),
  );
  return (entry) => options.some((tests) => tests.every((test) => test(entry)));
}

/** Words, operators apart, quoted texts whole. */
function wordsOf(text: string): readonly string[] {
  const found = text.match(/"[^"]*"|'[^']*'|[!<>]=|!~|[=~<>]|[^\s=~<>!"']+|\S/g) ?? [];
  return found;
}

function splitAt(words: readonly string[], word: string): readonly (readonly string[])[] {
  const parts: string[][] = [[]];
  for (const one of words) {
    if (one.toLowerCase() === word) parts.push([]);
    else parts.at(-1)?.push(one);
  }
  return parts;
}

function comparison(words: readonly string[], text: string): Test {
  const at = words.findIndex((word) => (operators as readonly string[]).includes(word));
  const [name] = words;
  // The rest is one value: written forms have `=` and `,` of their own.
  const value = unquoted(words.slice(at + 1).join(''));
  if (at !== 1 || name === undefined || words.length < 3)
    throw new UserError(
      `--where "${text}": ${words.join(' ') || 'nothing'} is no comparison: write FIELD=VALUE, with one of ${operators.join(' ')}`,
    );
  const field = fieldNamed(name);
  const operator = words[1] as Operator;
  return (entry) => holds(entry[field], operator, value);
}

function unquoted(word: string): string {
  return /^(["']).*\1$/.test(word) ? word.slice(1, -1) : word;
}

function holds(found: Value, operator: Operator, value: string): boolean {
  const text = found === null ? 'none' : String(found);
  switch (operator) {
    case '=':
      return equal(found, text, value);
    case '!=':
      return !equal(found, text, value);
    case '~':
      return text.toLowerCase().includes(value.toLowerCase());
    case '!~':
      return !text.toLowerCase().includes(value.toLowerCase());
    case '<':
      return order(found, value) < 0;
    case '<=':
      return order(found, value) <= 0;
    case '>':
      return order(found, value) > 0;
    case '>=':
      return order(found, value) >= 0;
  }
}

function equal(found: Value, text: string, value: string): boolean {
  return typeof found === 'number' ? found === Number(value) : text === value;
}

/** Not a number where the two cannot be compared, which no comparison holds for. */
function order(found: Value, value: string): number {
  if (typeof found === 'number') return found - Number(value);
  if (typeof found !== 'string') return NaN;
  return found < value ? -1 : found > value ? 1 : 0;
}

function fieldNamed(name: string): Field {
  if (Object.hasOwn(fieldNames, name)) return name as Field;
  const known = Object.keys(fieldNames);
  throw new UserError(`runs have no field "${name}": choose from ${known.join(', ')}${nearest(name, known)}`);
}

/**
 * Sorts by one field: `score` puts the best first, any other the least; `score:down` and the like turn that round. Runs
 * without a value come last.
 */
export function sorted(entries: readonly RunEntry[], by: string): readonly RunEntry[] {
  const [name = '', turn] = by.split(':');
  if (turn !== undefined && turn !== 'down') throw new UserError(`--sort "${by}": write FIELD or FIELD:down`);
  const field = fieldNamed(name);
  const sign = turn === 'down' ? -1 : 1;
  const key = (entry: RunEntry): Value =>
    field === 'score' && entry.score !== null ? -orientation(entry.metric) * entry.score : entry[field];
  return [...entries].sort((a, b) => {
    const [x, y] = [key(a), key(b)];
    if (x === null || y === null) return Number(x === null) - Number(y === null);
    return (
      sign * (typeof x === 'number' && typeof y === 'number' ? x - y : String(x) < String(y) ? -1 : Number(x !== y))
    );
  });
}

/** What a field holds; the compiler sees that none is left out. */
export const fieldNames: Readonly<Record<Field, 'text' | 'number' | 'flag'>> = {
  path: 'text',
  id: 'text',
  study: 'text',
  tier: 'text',
  task: 'text',
  model: 'text',
  method: 'text',
  label: 'text',
  seed: 'number',
  rate: 'number',
  examples: 'text',
  epochs: 'number',
  batch: 'number',
  maxLength: 'number',
  precision: 'text',
  engine: 'text',
  trained: 'number',
  stored: 'number',
  share: 'number',
  metric: 'text',
  score: 'number',
  loss: 'number',
  validation: 'number',
  tested: 'number',
  steps: 'number',
  seconds: 'number',
  trainSeconds: 'number',
  peakMb: 'number',
  threads: 'number',
  cpu: 'text',
  node: 'text',
  commit: 'text',
  dirty: 'flag',
  code: 'text',
  data: 'text',
  weights: 'text',
  started: 'text',
};
