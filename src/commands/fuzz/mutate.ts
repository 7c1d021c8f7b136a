import type { Random } from '../../random';

/** What was done to a valid input, in words, and the input afterwards. */
export interface Mutated<T> {
  readonly what: string;
  readonly value: T;
}

export const below = (random: Random, n: number): number => Math.floor(random() * n);

export function pick<T>(random: Random, list: readonly T[]): T {
  if (list.length === 0) throw new Error('nothing to pick from');
  return list[below(random, list.length)] as T;
}

/** One to three bits, a byte, a cut, a run of zeros, a part twice or left out. */
export function mutateBytes(bytes: Uint8Array, random: Random): Mutated<Uint8Array> {
  const at = below(random, bytes.length);
  const size = Math.min(bytes.length - at, 1 + below(random, random() < 0.5 ? 4 : 64));
  switch (below(random, 7)) {
    case 0:
    case 1:
    case 2: {
      const copy = Uint8Array.from(bytes);
      const flips = Array.from({ length: 1 + below(random, 3) }, () => [below(random, bytes.length), below(random, 8)]);
      for (const [byte = 0, bit = 0] of flips) copy[byte] = (copy[byte] ?? 0) ^ (1 << bit);
      return { what: `bits ${flips.map(([byte, bit]) => `${byte}.${bit}`).join(' ')}`, value: copy };
    }
    case 3:
      return { what: `cut at ${at}`, value: bytes.slice(0, at) };
    case 4:
      return {
        what: `${size} zeros at ${at}`,
        value: Uint8Array.from(bytes, (b, i) => (i >= at && i < at + size ? 0 : b)),
      };
    case 5:
      return { what: `${size} left out at ${at}`, value: joined(bytes.slice(0, at), bytes.slice(at + size)) };
    default:
      return { what: `${size} twice at ${at}`, value: joined(bytes.slice(0, at + size), bytes.slice(at)) };
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const all = new Uint8Array(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  return all;
}

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** An edit of a JSON document: where, and whether a value took the place of another of its type. */
export interface JsonEdit extends Mutated<string> {
  readonly path: readonly string[];
  readonly kind: 'value' | 'added' | 'type' | 'deleted' | 'renamed' | 'twice' | 'bytes';
}

const strange: readonly Json[] = [
  null,
  true,
  false,
  [],
  {},
  '',
  'x',
  '../../x',
  'é\u0000\ud83d',
  '__proto__',
  0,
  -1,
  0.5,
  1e9,
  1e308,
];

export function mutateJson(text: string, random: Random): JsonEdit {
  if (random() < 0.2) {
    const { what, value } = mutateBytes(new TextEncoder().encode(text), random);
    return { what, value: new TextDecoder().decode(value), path: [], kind: 'bytes' };
  }
  const document = JSON.parse(text) as Json;
  const path = pick(random, pathsOf(document));
  const old = valueAt(document, path);
  const name = path.join('.');
  switch (below(random, 6)) {
    case 0:
      return {
        what: `${name} deleted`,
        value: JSON.stringify(edited(document, path, undefined)),
        path,
        kind: 'deleted',
      };
    case 1: {
      const value = pick(random, strange);
      return {
        what: `${name} = ${JSON.stringify(value)}`,
        value: JSON.stringify(edited(document, path, value)),
        path,
        kind: 'type',
      };
    }
    case 2:
      return {
        what: `${name} renamed`,
        value: JSON.stringify(
          renamed(document, path, `${path.at(-1) ?? ''}${pick(random, ['_', 'é', '\u200b', ' '])}`),
        ),
        path,
        kind: 'renamed',
      };
    case 3: {
      const value = otherThan(old, random);
      return {
        what: `${name} twice, then ${JSON.stringify(value)}`,
        value: twice(document, path, value),
        path,
        kind: 'twice',
      };
    }
    default: {
      const value = otherThan(old, random);
      return {
        what: `${name} = ${JSON.stringify(value)}`,
        value: JSON.stringify(edited(document, path, value)),
        path,
        kind: isRecord(old) ? 'added' : 'value',
      };
    }
  }
}

const isRecord = (value: Json): boolean => value !== null && typeof value === 'object' && !Array.isArray(value);

/** Every place in a document, of long lists a few. */
function pathsOf(value: Json, path: readonly string[] = []): readonly (readonly string[])[] {
  if (value === null || typeof value !== 'object') return path.length === 0 ? [] : [path];
  const inside = Object.keys(value)
    .slice(0, 200)
    .flatMap((key) => pathsOf((value as Record<string, Json>)[key] as Json, [...path, key]));
  return path.length === 0 ? inside : [path, ...inside];
}

function valueAt(value: Json, path: readonly string[]): Json {
  return path.reduce<Json>((at, key) => (at as Record<string, Json>)[key] as Json, value);
}

/** Another value of the same type. */
function otherThan(value: Json, random: Random): Json {
  const before = JSON.stringify(value);
  const others = othersOf(value).filter((other) => JSON.stringify(other) !== before);
  return others.length === 0 ? 1 : pick(random, others);
}

function othersOf(value: Json): readonly Json[] {
  if (typeof value === 'number') return [value + 1, value - 1, value * 2, -value - 1, value + 0.5, 0, 1e9];
  if (typeof value === 'boolean') return [!value];
  if (typeof value === 'string') return [`${value}x`, value.slice(1), value.toUpperCase(), 'é', ''];
  if (Array.isArray(value))
    return [[...(value as Json[]), 1], (value as Json[]).slice(1), [...(value as Json[])].reverse()];
  return value === null ? [1] : [{ ...(value as { readonly [key: string]: Json }), extra: 1 }];
}

function edited(value: Json, [key, ...rest]: readonly string[], next: Json | undefined): Json {
  if (key === undefined) return next ?? null;
  if (Array.isArray(value)) {
    const list = [...(value as Json[])];
    if (rest.length === 0 && next === undefined) list.splice(Number(key), 1);
    else list[Number(key)] = edited(list[Number(key)] as Json, rest, next);
    return list;
  }
  const copy = { ...(value as Record<string, Json>) };
  if (rest.length === 0 && next === undefined) Reflect.deleteProperty(copy, key);
  else copy[key] = edited(copy[key] as Json, rest, next);
  return copy;
}

function renamed(document: Json, path: readonly string[], name: string): Json {
  const parent = valueAt(document, path.slice(0, -1));
  const last = path.at(-1) ?? '';
  if (Array.isArray(parent) || parent === null || typeof parent !== 'object') return edited(document, path, name);
  const entries = Object.entries(parent).map(([key, value]) => [key === last ? name : key, value as Json] as const);
  const next = Object.fromEntries(entries);
  return path.length === 1 ? next : edited(document, path.slice(0, -1), next);
}

/** The key a second time in its object, with another value: which one counts is not said anywhere. */
function twice(document: Json, path: readonly string[], value: Json): string {
  const marker = '\u0001twice';
  const parent = valueAt(document, path.slice(0, -1));
  if (parent === null || typeof parent !== 'object' || Array.isArray(parent))
    return JSON.stringify(edited(document, path, value));
  const marked = { ...(parent as Record<string, Json>), [marker]: value };
  const whole = path.length === 1 ? marked : edited(document, path.slice(0, -1), marked);
  return JSON.stringify(whole).replace(JSON.stringify(marker), JSON.stringify(path.at(-1) ?? ''));
}

/** A written form with a character, a number or a part changed. */
export function mutateText(text: string, random: Random): Mutated<string> {
  const at = below(random, text.length + 1);
  const insert = pick(random, [
    '+',
    ',',
    ':',
    '=',
    '-',
    '.',
    '0',
    '9',
    'x',
    ' ',
    'é',
    '\u200b',
    '%',
    '\n',
    '1e9',
    '&',
    '../',
    '__proto__',
    '𐀀',
  ]);
  switch (below(random, 6)) {
    case 0:
      return { what: 'inserted', value: text.slice(0, at) + insert + text.slice(at) };
    case 1:
      return { what: 'left out', value: text.slice(0, at) + text.slice(at + 1 + below(random, 3)) };
    case 2:
      return { what: 'doubled', value: `${text}${pick(random, ['+', ','])}${text}` };
    default:
      return {
        what: 'number',
        value: text.replace(/\d+(\.\d+)?/, () =>
          pick(random, [
            '0',
            '-1',
            '1.5',
            '1e9',
            '999999999999',
            '007',
            '1e-400',
            'NaN',
            'Infinity',
            String(below(random, 300)),
            '0x10',
            '１',
          ]),
        ),
      };
  }
}
