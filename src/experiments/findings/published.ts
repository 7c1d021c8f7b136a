import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../errors';
import { projectRoot } from '../../project';

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

/** Every number of `data/published/he2021.json`. */
export function readHe(): readonly PublishedNumber[] {
  const path = join(projectRoot(), 'data', 'published', 'he2021.json');
  const { numbers } = JSON.parse(readFileSync(path, 'utf8')) as {
    readonly numbers: readonly Omit<PublishedNumber, 'source'>[];
  };
  return numbers.map((number) => ({ ...number, source: `He et al. 2021, ${number.table}` }));
}
