import { join } from 'node:path';
import * as v from 'valibot';
import { UserError } from '../../errors';
import { readJson, real, whole, type Schema } from '../../json';
import { parseMethod } from '../../petl/design/written';
import { projectRoot } from '../../project';
import { compositionOf, insertionOf } from '../store/words';

/** One printed number of He et al. 2021 with its place; see the file's `fields`. */
export interface PublishedNumber {
  readonly table: string;
  readonly task: string;
  readonly backbone: string;
  readonly metric: string;
  readonly label: string;
  readonly method: string;
  readonly form: string;
  readonly site: string;
  /** Of a method that has a written form here; empty else. */
  readonly insertion: string;
  readonly composition: string;
  readonly share: number;
  readonly printed: string;
  readonly score: number;
  readonly sd: number | null;
  readonly seeds: number;
  readonly note: string;
  /** `He et al. 2021, Table 2`. */
  readonly source: string;
}

export interface PublishedQuery {
  readonly table: string;
  readonly task: string;
  readonly metric: string;
}

/**
 * The numbers of one table, task and metric of He et al. 2021, as printed; none is a UserError that lists what there
 * is.
 */
export function published({ table, task, metric }: PublishedQuery): readonly PublishedNumber[] {
  const all = readHe();
  const found = all.filter((number) => number.table === table && number.task === task && number.metric === metric);
  if (found.length > 0) return found;
  const there = [...new Set(all.map((number) => `${number.table} ${number.task} ${number.metric}`))];
  throw new UserError(`no published numbers for "${table} ${task} ${metric}": there are ${there.join('; ')}`);
}

/** What the file holds of each; the rest is worked out. */
type PrintedNumber = Omit<PublishedNumber, 'source' | 'insertion' | 'composition'>;
/** Where a number stands and of what it is, whatever else its paper prints beside it. */
const place = {
  table: v.string(),
  task: v.string(),
  backbone: v.string(),
  metric: v.string(),
  label: v.string(),
  method: v.string(),
};
const number: Schema<PrintedNumber> = v.strictObject({
  ...place,
  form: v.string(),
  site: v.string(),
  share: real,
  printed: v.string(),
  score: real,
  sd: v.nullable(real),
  seeds: whole,
  note: v.string(),
});
const file: Schema<{ readonly numbers: readonly PrintedNumber[] }> = v.object({ numbers: v.array(number) });

/**
 * Every number of `data/published/he2021.json`.
 * @throws UserError where another such file stands there
 */
export function readHe(
  path: string = join(projectRoot(), 'data', 'published', 'he2021.json'),
): readonly PublishedNumber[] {
  const { numbers } = readJson(path, file, 'bring the file back with: git checkout data/published');
  return numbers.map((number) => {
    const method = parseMethod(number.method === '' ? 'head' : number.method);
    const words = { insertion: insertionOf(method), composition: compositionOf(method) };
    return { ...number, ...words, source: `He et al. 2021, ${number.table}` };
  });
}

/** One printed number of Houlsby et al. 2019. */
export type HoulsbyNumber = Pick<
  PublishedNumber,
  'table' | 'task' | 'backbone' | 'metric' | 'label' | 'method' | 'score'
> & { readonly share: number | null; readonly note: string };
const houlsbyNumber: Schema<HoulsbyNumber> = v.looseObject({
  ...place,
  score: real,
  share: v.nullable(real),
  note: v.string(),
});
const houlsbyFile: Schema<{ readonly numbers: readonly HoulsbyNumber[] }> = v.object({
  numbers: v.array(houlsbyNumber),
});

/** Every number of `data/published/houlsby2019.json`, percentages as printed. */
export function readHoulsby(
  path: string = join(projectRoot(), 'data', 'published', 'houlsby2019.json'),
): readonly HoulsbyNumber[] {
  return readJson(path, houlsbyFile, 'bring the file back with: git checkout data/published').numbers;
}
