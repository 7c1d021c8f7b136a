import { UserError } from '../../errors';
import type { Arguments } from './arguments';
import type { Sizes } from './formula';
import type { Modification } from './types';

/** Words of a written form, those left out undefined. */
export type Words = Readonly<Record<string, string | number | undefined>>;

/** Why a value is none, or undefined. */
export type Reason = string | undefined;

/**
 * What everything else must know of one field of a value that is written, stored and read back. Every column is
 * required, so that tsc asks for each of a field that is new; `others` let tests see that no room overlooks it.
 */
export interface Field<T, F, At = Modification> {
  /** Where the written form does not say it; undefined for what it must say, such as r. */
  readonly usual: T | undefined;
  /** Values unlike the usual one, of every kind that there is. */
  readonly others: readonly T[];
  readonly read: (take: Arguments) => T;
  readonly print: (value: T) => Words;
  /** The value from a record; one that was written before there was this field, or is damaged, may lack it. */
  readonly complete: (stored: T | undefined, name: string) => T;
  /** What the type cannot say. */
  readonly wrong: (value: T, whole: F, at: At) => Reason;
}
/** One field for each key but `kind`: a key without a field does not compile. */
export type Fields<F, At = Modification> = { readonly [K in Exclude<keyof F, 'kind'>]-?: Field<F[K], F, At> };

/** What the design table says of one field: each piece is put around or beside what the earlier fields said. */
export interface Telling {
  /** Around the input, such as LN(x). */
  readonly input?: (x: string) => string;
  /** W_down and W_up. */
  readonly matrices?: readonly [down: string, up: string];
  /** Around the bottleneck. */
  readonly hidden?: (y: string) => string;
  /** What is taken away from the output, of the input's text. */
  readonly less?: (x: string) => string;
  /** Around the output. */
  readonly output?: (y: string) => string;
  /** Said behind it. */
  readonly note?: string;
}

/** The letters by which formulas call a field's sizes, and the same field with other sizes. */
export interface Letters<T> {
  readonly of: (value: T) => Sizes;
  readonly at: (value: T, sizes: Required<Sizes>) => T;
}

/** Where a form would stand on a model. */
export interface Fit {
  readonly site: string;
  /** Width of what it reads, of what it changes, and of the model. */
  readonly reads: number;
  readonly out: number;
  readonly width: number;
  readonly heads: number;
  readonly headWidth: number;
  /** Rows of the position table, Infinity where positions are not learned. */
  readonly positions: number;
}

/** A field of a form: also what it does to the function. */
export interface FormField<T, F> extends Field<T, F> {
  /** Why a model of these widths cannot have it. */
  readonly misfit: (value: T, whole: F, fit: Fit) => Reason;
  /** Whether the form is still a linear map of its input, so that it can go into a weight. */
  readonly linear: (value: T) => boolean;
  readonly tell: (value: T, whole: F) => Telling;
  readonly letters: Letters<T>;
}
export type FormFields<F> = { readonly [K in Exclude<keyof F, 'kind'>]-?: FormField<F[K], F> };

/** For fields that are no size, fit everywhere, and need no word in the design table. */
export const unsized = { of: (): Sizes => ({}), at: <T>(value: T): T => value };
export const fitting = (): Reason => undefined;
export const untold = (): Telling => ({});

type AnyField = Field<unknown, unknown, unknown>;

/** The fields of a table in its order, which is the order of the words in the written form. */
export function entriesOf<C>(fields: object): readonly (readonly [name: string, field: C])[] {
  return Object.entries(fields) as unknown as readonly (readonly [string, C])[];
}
const valueOf = (whole: unknown, name: string): unknown => (whole as Readonly<Record<string, unknown>>)[name];

export function readFields<F>(fields: Fields<F, never>, take: Arguments): Omit<F, 'kind'> {
  return Object.fromEntries(entriesOf<AnyField>(fields).map(([name, field]) => [name, field.read(take)])) as Omit<
    F,
    'kind'
  >;
}

export function printFields<F>(fields: Fields<F, never>, whole: F): Words {
  return Object.assign(
    {},
    ...entriesOf<AnyField>(fields).map(([name, field]) => field.print(valueOf(whole, name))),
  ) as Words;
}

/** The first reason against a value's fields; a field that is not in the table is one. */
export function wrongField<F, At>(fields: Fields<F, At>, whole: F, at: At): Reason {
  const unknown = unknownKey(fields, whole);
  if (unknown !== undefined) return unknown;
  for (const [name, field] of entriesOf<AnyField>(fields)) {
    const reason = field.wrong(valueOf(whole, name), whole, at);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

/** A record's value with the fields that it lacks. @throws UserError for those that it must have or that are unknown */
export function completeFields<F>(fields: Fields<F, never>, stored: F, name: string): F {
  const unknown = unknownKey(fields, stored);
  if (unknown !== undefined) throw new UserError(`${name}: ${unknown}; read it with the version that wrote it.`);
  const own = entriesOf<AnyField>(fields).map(
    ([key, field]) => [key, field.complete(valueOf(stored, key), `${name}.${key}`)] as const,
  );
  return { ...stored, ...Object.fromEntries(own) };
}

function unknownKey(fields: object, whole: unknown): Reason {
  const unknown = Object.keys(whole as object).find((key) => key !== 'kind' && !Object.hasOwn(fields, key));
  const kind = valueOf(whole, 'kind');
  return unknown === undefined
    ? undefined
    : `${typeof kind === 'string' ? `a ${kind}` : 'a modification'} has no field "${unknown}" in this version`;
}

/** The usual value of every field; those without one are undefined. */
export function usualOf<F>(fields: Fields<F, never>): Partial<Omit<F, 'kind'>> {
  return Object.fromEntries(entriesOf<AnyField>(fields).map(([name, { usual }]) => [name, usual])) as Partial<
    Omit<F, 'kind'>
  >;
}

/**
 * What another library's format can say of a value: for each of its fields, `'any'` or why a value cannot be written
 * there. A format writes its own table, `const lora: Expressible<Bottleneck> = { r: 'any', perHead: (p) => ... }`, and
 * asks `whyInexpressible` before it writes: a field that a form gains is then asked for by tsc in every format, and one
 * that only a newer version knows is refused when a record brings it.
 */
export type Expressible<F> = {
  readonly [K in Exclude<keyof F, 'kind'>]-?: 'any' | ((value: F[K], whole: F) => Reason);
};

/** The first field that a format cannot express, as `innerNorm: reason`, or undefined. */
export function whyInexpressible<F extends object>(value: F, table: Expressible<F>): Reason {
  const checks = new Map(entriesOf<'any' | ((field: unknown, whole: F) => Reason)>(table));
  for (const [name, field] of Object.entries(value) as [string, unknown][]) {
    if (name === 'kind') continue;
    const check = checks.get(name) ?? (() => 'not known to this format');
    const reason = check === 'any' ? undefined : check(field, value);
    if (reason !== undefined) return `${name}: ${reason}`;
  }
  return undefined;
}
