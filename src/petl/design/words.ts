import { UserError } from '../../errors';
import { largestSize, type Arguments } from './arguments';
import {
  completeFields,
  entriesOf,
  printFields,
  readFields,
  wrongField,
  type Field,
  type Fields,
  type Reason,
  type Words,
} from './field';

/** The columns that say how a field is written and stored, whatever it stands in. */
export type Written<T> = Field<T, unknown, unknown>;

export const needed = <T>(stored: T | undefined, name: string): T => {
  if (stored === undefined) throw new UserError(`${name} is missing: the record is damaged.`);
  return stored;
};
/** For a field that is younger than the first records: what it was before there was a word for it. */
export const since = <const T extends string, W extends T>(field: Written<T>, was: W): Written<T> => ({
  ...field,
  complete: (stored) => stored ?? was,
});

/** One of `values`, the first the usual one. */
export function choice<const T extends string>(word: string, values: readonly [T, T, ...T[]]): Written<T> {
  const [usual, ...others] = values;
  return {
    usual,
    others,
    read: (take) => take.word(word, values, usual),
    print: (value) => ({ [word]: value === usual ? undefined : value }),
    complete: needed,
    wrong: (value) => (values.includes(value) ? undefined : `${word} must be ${values.join(' or ')}, not ${value}`),
  };
}

/** Said by two words, the first for `usual`. */
export function either(word: string, [first, second]: readonly [string, string], usual: boolean): Written<boolean> {
  return {
    usual,
    others: [!usual],
    read: (take) => (take.word(word, [first, second], first) === first) === usual,
    print: (value) => ({ [word]: value === usual ? undefined : second }),
    complete: needed,
    wrong: (value) => (typeof value === 'boolean' ? undefined : `${word} must be ${first} or ${second}`),
  };
}

/** A whole number of at least 1. */
export function size(word: string, usual?: number, name: string = word): Written<number> {
  return {
    usual,
    others: [usual === undefined ? 9 : 2 * usual],
    read: (take) => take.size(word, usual),
    print: (value) => ({ [word]: value === usual ? undefined : value }),
    complete: needed,
    wrong: (value) =>
      Number.isSafeInteger(value) && value >= 1 && value <= largestSize
        ? undefined
        : `${name} must be a whole number of at least 1${value > largestSize ? ` and at most ${largestSize}` : ''}, not ${value}`,
  };
}

export function amount(word: string, usual: number, other: number): Written<number> {
  return {
    usual,
    others: [other],
    read: (take) => take.number(word, usual),
    print: (value) => ({ [word]: value === usual ? undefined : value }),
    complete: needed,
    wrong: (value) => (Number.isFinite(value) ? undefined : `${word} must be a number, not ${value}`),
  };
}

/** Ids of tokens from `5.17.42`. */
export function idsOf(word: string, all: string): readonly number[] {
  return all.split('.').map((text) => {
    if (/^\d+$/.test(text)) return Number(text);
    throw new UserError(`Tokens are ids joined by points, such as ${word}=5.17.42; "${all}" is not.`);
  });
}

interface Kind {
  readonly kind: string;
}
/** The kinds of a union: the word for each, and its fields. */
export type Kinds<U extends Kind> = {
  readonly [K in U['kind']]: { readonly word: string; readonly fields: Fields<Extract<U, { kind: K }>, unknown> };
};
interface AnyKind {
  readonly word: string;
  readonly fields: Fields<Kind, unknown>;
}

/** A value of several kinds, each with fields of its own. */
export function variant<U extends Kind>(word: string, kinds: Kinds<U>, usual: U): Written<U> {
  const all = entriesOf<AnyKind>(kinds);
  return {
    usual,
    others: othersOf(kinds).filter((value) => JSON.stringify(value) !== JSON.stringify(usual)),
    read: (take: Arguments): U => {
      const said = take.word(
        word,
        all.map(([, own]) => own.word),
        own(kinds, usual).word,
      );
      const [kind, { fields }] = all.find(([, one]) => one.word === said) as readonly [string, AnyKind];
      return { kind, ...readFields(fields, take) } as unknown as U;
    },
    print: (value): Words => ({
      [word]: value.kind === usual.kind ? undefined : own(kinds, value).word,
      ...printFields(own(kinds, value).fields, value),
    }),
    complete: (stored, name) => completeKind(kinds, needed(stored, name), name),
    wrong: (value) => wrongOf(kinds, value),
  };
}

/** Of each kind a value with its fields as usual, and one for every other value of a field. */
function othersOf<U extends Kind>(kinds: Kinds<U>): readonly U[] {
  return entriesOf<AnyKind>(kinds).flatMap(([kind, { fields }]) => {
    const all = entriesOf<Field<unknown, unknown>>(fields);
    const usual = { kind, ...Object.fromEntries(all.map(([name, field]) => [name, field.usual ?? field.others[0]])) };
    const unlike = all.flatMap(([name, field]) => field.others.map((value) => ({ ...usual, [name]: value })));
    return [usual, ...unlike] as unknown as U[];
  });
}

const own = <U extends Kind>(kinds: Kinds<U>, { kind }: U): AnyKind =>
  (kinds as Readonly<Record<string, unknown>>)[kind] as AnyKind;

export function wrongKind<U extends Kind>(kinds: { readonly [K in U['kind']]: unknown }, value: U): Reason {
  const { kind } = ((value as U | null) ?? {}) as Partial<U>;
  return kind !== undefined && Object.hasOwn(kinds, kind)
    ? undefined
    : `kind must be ${Object.keys(kinds).join(' or ')}, not ${String(kind)}`;
}

export function completeKind<U extends Kind>(kinds: Kinds<U>, stored: U, name: string): U {
  const reason = wrongKind(kinds, stored);
  if (reason !== undefined) throw new UserError(`${name}: ${reason}; read it with the version that wrote it.`);
  return completeFields(own(kinds, stored).fields, stored, name) as U;
}

/** The first reason against a value of several kinds. */
export function wrongOf<U extends Kind>(kinds: Kinds<U>, value: U): Reason {
  return wrongKind(kinds, value) ?? wrongField(own(kinds, value).fields, value, undefined);
}
