import { UserError } from '../../errors';
import { decimal } from '../../numbers';
import { nearest } from './nearest';

/** Sizes beyond it would be counted with rounding. */
export const largestSize: number = 2 ** 31 - 1;

/** The `key=value` pairs of a written form; a family reads those it knows, and `finish` refuses the rest. */
export interface Arguments {
  /** A whole number from 1 to `largestSize`. */
  size(key: string, fallback?: number): number;
  number(key: string, fallback: number): number;
  /** A number, or one of `words`. */
  numberOr<const W extends string>(key: string, words: readonly W[]): number | W | undefined;
  word<const W extends string>(key: string, words: readonly W[], fallback: W): W;
  /** One of `words`, or undefined where it is left out. */
  maybe<const W extends string>(key: string, words: readonly W[]): W | undefined;
  text(key: string, fallback: string): string;
  finish(): void;
}

/**
 * @param form one method in written form, `family:key=value,key=value`; a malformed, unknown or impossible value is a
 * UserError
 */
export function readArguments(form: string): Arguments {
  const pairs = splitPairs(form);
  const known = new Set<string>();
  const take = (key: string): string | undefined => {
    known.add(key);
    return pairs.get(key);
  };
  const fail = (key: string, need: string): never => {
    throw new UserError(`Method "${form}": ${key} must be ${need}, not "${pairs.get(key) ?? ''}".`);
  };
  const number = (key: string, text: string): number => decimal(text) ?? fail(key, 'a number');
  return {
    size(key, fallback) {
      const text = take(key);
      if (text === undefined && fallback !== undefined) return fallback;
      const meant = [...pairs.keys()].find((other) => !known.has(other) && nearest(other, [key]) !== '');
      if (text === undefined && meant !== undefined)
        throw new UserError(`Method "${form}" has no parameter "${meant}"${nearest(meant, [key])}`);
      if (text === undefined)
        throw new UserError(
          `Method "${form}" needs ${key}, a whole number of at least 1: write ${form.replace(/:.*/, '')}:${key}=8.`,
        );
      const value = Number(text);
      if (Number.isSafeInteger(value) && value > largestSize) return fail(key, `at most ${largestSize}`);
      return Number.isSafeInteger(value) && value >= 1 && decimal(text) !== undefined
        ? value
        : fail(key, 'a whole number of at least 1');
    },
    number: (key, fallback) => {
      const text = take(key);
      return text === undefined ? fallback : number(key, text);
    },
    numberOr: (key, words) => {
      const text = take(key);
      if (text === undefined) return undefined;
      return words.find((word) => word === text) ?? decimal(text) ?? fail(key, ['a number', ...words].join(' or '));
    },
    word: (key, words, fallback) => {
      const text = take(key);
      return text === undefined ? fallback : (words.find((word) => word === text) ?? fail(key, words.join(' or ')));
    },
    maybe: (key, words) => {
      const text = take(key);
      return text === undefined ? undefined : (words.find((word) => word === text) ?? fail(key, words.join(' or ')));
    },
    text: (key, fallback) => take(key) ?? fallback,
    finish: () => {
      for (const key of pairs.keys()) if (!known.has(key)) throw new UserError(unknownKey(form, key, [...known]));
    },
  };
}

function unknownKey(form: string, key: string, known: readonly string[]): string {
  if (known.length === 0) return `Method "${form}" takes no parameters; leave out "${key}".`;
  return `Method "${form}" has no parameter "${key}": it takes ${known.join(', ')}${nearest(key, known)}`;
}

function splitPairs(form: string): Map<string, string> {
  const colon = form.indexOf(':');
  const pairs = new Map<string, string>();
  if (colon < 0) return pairs;
  for (const part of form.slice(colon + 1).split(',')) {
    const match = /^\s*([^=\s]+)\s*=\s*([^=\s]+)\s*$/.exec(part);
    if (!match) throw new UserError(`Method "${form}": "${part}" is not of the form name=value, such as r=8.`);
    const [, key, value] = match as unknown as [string, string, string];
    if (pairs.has(key)) throw new UserError(`Method "${form}" names ${key} twice; keep one.`);
    pairs.set(key, value);
  }
  return pairs;
}
