import { UserError } from '../../errors';

/** A record from a file, and which of its keys nobody has looked at. */
export interface Watched {
  /** The record itself; each look at a key is noted, records inside included. Spreading it looks at every key. */
  readonly record: Readonly<Record<string, unknown>>;
  /** Keys with a value that were never looked at, those of records inside as `outer.inner`. */
  unread(): readonly string[];
}

/**
 * Watches how a record is read, so that what a reader uses need not be listed beside it: everything else in the file
 * must stand in a list of keys that change no number.
 */
export function watched(given: Readonly<Record<string, unknown>>, at = ''): Watched {
  const read = new Set<string>();
  const inside = new Map<string, Watched>();
  const record = new Proxy(given, {
    get: (target, key) => {
      // A message may print a record that stands where a word should: that looks at no key.
      if (typeof key !== 'string' || (key === 'toString' && !Object.hasOwn(target, key)))
        return Reflect.get(target, key) as unknown;
      const value = Object.hasOwn(target, key) ? target[key] : undefined;
      read.add(key);
      if (!isRecord(value)) return value;
      const known = inside.get(key) ?? watched(value, `${at}${key}.`);
      inside.set(key, known);
      return known.record;
    },
  });
  const unread = (): readonly string[] =>
    Object.keys(given)
      .filter((key) => !isEmpty(given[key]))
      .flatMap((key) => inside.get(key)?.unread() ?? (read.has(key) ? [] : [`${at}${key}`]));
  return { record, unread };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Nothing is said by null, nor by an empty record or list. */
function isEmpty(value: unknown): boolean {
  return value === null || value === undefined || (typeof value === 'object' && Object.keys(value).length === 0);
}

/** Throws a UserError that names a key which was neither read nor is harmless. @param harmless decides by key */
export function demandRead({ unread }: Watched, path: string, harmless: (key: string) => boolean): void {
  const left = unread().filter((key) => !harmless(key));
  if (left.length === 0) return;
  const others = left.length === 1 ? '' : ` (and ${left.slice(1).join(', ')})`;
  throw new UserError(
    `${path} sets "${left[0] as string}"${others}, which this project does not know and may change what the model computes: choose another checkpoint, or take the key out if it changes no number`,
  );
}
