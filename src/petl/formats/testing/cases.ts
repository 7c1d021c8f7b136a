import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect } from 'vitest';
import { computed } from '../../../commands/forward';
import type { Tensors } from '../../../engine/tf';
import type { Backbone } from '../../../model/backbone';
import { adaptationOf } from '../../forms/adaptation';
import type { Delta } from '../../bank/delta';
import { tinyModel } from '../../testing/fixtures';
import { readForeign, writeForeign, type ForeignFolder, type Library } from '../folder';

export type Rows = readonly (readonly number[])[];
export interface Case {
  readonly library: Library;
  readonly family: string;
  readonly inputs: { readonly ids: Rows; readonly mask: Rows; readonly decoderIds?: Rows };
  readonly outputs: Rows;
  /** What the message says where nothing here computes it. */
  readonly refused?: string;
}

export const fixtures: string = join(__dirname, '..', 'fixtures');
const models = new Map<string, Backbone>();
afterAll(() => {
  for (const model of models.values()) model.dispose();
  models.clear();
});

/** A folder that is gone when the file's tests are done. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'petl-foreign-'));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });
  return folder;
}

export function modelOf(family: string): Backbone {
  const model = models.get(family) ?? tinyModel(family);
  models.set(family, model);
  return model;
}

export const caseOf = (name: string): Case =>
  JSON.parse(readFileSync(join(fixtures, name, 'case.json'), 'utf8')) as Case;

/** A row for each real token, or for each text where there is a head. */
export function outputs(
  delta: Delta,
  { inputs: { ids, mask, decoderIds }, family }: Case,
  head: Tensors = {},
): number[][] {
  const target =
    decoderIds === undefined ? undefined : { ids: decoderIds, mask: decoderIds.map((row) => row.map(() => 1)) };
  const { values, shape } = computed(
    { model: { backbone: modelOf(family) }, adaptation: adaptationOf(delta), head },
    { ids, mask },
    target,
  );
  if (shape.length === 2) return values as number[][];
  return (values as (number[] | null)[][]).flat().filter((row): row is number[] => row !== null);
}

/** The largest difference over the columns that `theirs` has. */
export function gap(ours: Rows, theirs: Rows, count: number = theirs.length): number {
  expect(ours.length).toBe(theirs.length);
  return Math.max(
    ...theirs.slice(0, count).flatMap((row, i) => row.map((value, j) => Math.abs(value - (ours[i]?.[j] ?? NaN)))),
  );
}

/** A copy of a fixture with something else in it. */
export function altered(name: string, to: string, change: (file: ForeignFolder) => ForeignFolder): string {
  mkdirSync(to, { recursive: true });
  writeForeign(to, change(readForeign(join(fixtures, name))));
  return to;
}
