import * as v from 'valibot';
import { real, whole, type Schema } from '../../json';
import type { Languages } from '../../tasks/generation';
import type { Segments } from '../../tasks/segments';

/* What notes of kept tasks say, by the schema that each part must pass. */

const text = v.pipe(v.string(), v.nonEmpty('a text'));
export const metric: Schema<string> = text;
export const names: Schema<readonly string[]> = v.array(text);
export const range: Schema<readonly [low: number, high: number]> = v.strictTuple([real, real]);
export const above0: Schema<number> = v.pipe(real, v.gtValue(0, 'a number above 0'));
export const size: Schema<number> = v.pipe(whole, v.minValue(1, 'a whole number of at least 1'));
export const languages: Schema<Languages | null> = v.nullable(v.strictObject({ source: text, target: text }));
/** JSON has no word for the length of a source that is never cut. */
export const segments: Schema<Segments | null | undefined> = v.nullish(
  v.strictObject({
    names: v.array(text),
    read: v.picklist(['whole', 'turns', 'named']),
    most: v.pipe(
      v.nullable(size),
      v.transform((most) => most ?? Infinity),
    ),
  }),
);
