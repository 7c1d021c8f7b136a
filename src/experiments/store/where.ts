import { UserError } from '../../errors';
import { nearest } from '../../petl/design/nearest';
import { orientation } from '../../rows';
import type { RunEntry } from './entry';
import { comparedIn, wordsOf, type Operator, type Word } from './where-words';

type Field = keyof RunEntry;
type Test = (entry: RunEntry) => boolean;
type Value = RunEntry[Field];

/**
 * A condition on runs: `task=sentiment and method~lora and score>=0.8`. Comparisons are joined by `and` and `or`, the
 * first of which binds closer; `~` is "holds this text", and a value with spaces stands in quotes.
 * @throws UserError on what cannot be read, on a field that runs do not have, and on a value that it cannot have
 */
export function whereOf(text: string): Test {
  const options = splitAt(wordsOf(text), 'or').map((part) =>
    splitAt(part, 'and').map((words) => comparison(words, text)),
  );
  return (entry) => options.some((tests) => tests.every((test) => test(entry)));
}

function splitAt(words: readonly Word[], word: string): readonly (readonly Word[])[] {
  const parts: Word[][] = [[]];
  for (const one of words) {
    if (one.text.toLowerCase() === word) parts.push([]);
    else parts.at(-1)?.push(one);
  }
  return parts;
}

function comparison(words: readonly Word[], text: string): Test {
  const refuse = (reason: string): never => {
    throw new UserError(`--where "${text}": ${reason}`);
  };
  const compared = comparedIn(words);
  if (typeof compared === 'string') return refuse(compared);
  const { operator, value } = compared;
  const field = fieldNamed(compared.name);
  const reason = whyNever(field, operator, value);
  if (reason !== undefined) return refuse(reason);
  return (entry) => holds(entry[field], operator, value);
}

/** Why a comparison can hold for no run, whatever was run. */
function whyNever(field: Field, operator: Operator, value: string): string | undefined {
  const kind = field === 'examples' ? 'number' : fieldNames[field];
  const isEqual = operator === '=' || operator === '!=';
  const flags = ['true', 'false', ...(field === 'kernels' ? ['none'] : [])]; // of which older records say nothing
  if (kind === 'flag' && !(isEqual && flags.includes(value)))
    return `${field} is ${flags.join(' or ')}, not "${value}": write ${field}=true or ${field}=false`;
  const words = field === 'examples' ? ['all'] : ['none'];
  const isNumber = value.trim() !== '' && Number.isFinite(Number(value));
  if (kind === 'number' && !operator.includes('~') && !isNumber && !(isEqual && words.includes(value)))
    return `${field} is a number, not "${value}": write one, such as ${field}${operator}1`;
  return undefined;
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
  const [name = '', turn, ...more] = by.split(':');
  if ((turn !== undefined && turn !== 'down') || more.length > 0)
    throw new UserError(`--sort "${by}": write FIELD or FIELD:down`);
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
  platform: 'text',
  kernels: 'flag',
  tfjs: 'text',
  node: 'text',
  commit: 'text',
  dirty: 'flag',
  code: 'text',
  data: 'text',
  weights: 'text',
  started: 'text',
};
