import { describe, expect, it } from 'vitest';
import { UserError } from '../errors';
import { randomFrom } from '../random';
import { evaluationBatches, trainingBatches, type Batch, type Encoded } from './batches';
import { planBatches } from './plan';

const random = randomFrom(5);
const examples: readonly Encoded[] = Array.from({ length: 101 }, (_, index) => ({
  index,
  ids: new Int32Array(3 + Math.floor(random() * 60)).fill(index + 1),
}));
const plan = planBatches(
  examples.map(({ ids }) => ids.length),
  { size: 8 },
);
const indices = (batches: readonly Batch[]): number[] =>
  batches.flatMap(({ rows, count }) => rows.slice(0, count).map(({ index }) => index));

describe('planBatches', () => {
  it('finds the cheapest lengths', () => {
    // 10 x 8, 1 x 16, 10 x 24, 1 x 64: {8, 24, 64} costs 80 + 264 + 64, less than {8, 16, 64}, {16, 24, 64} and {8, 64}
    const lengths = [...new Array<number>(10).fill(8), 15, ...new Array<number>(10).fill(24), 64];
    expect(planBatches(lengths, { size: 4 }).lengths).toEqual([8, 24, 64]);
    expect(planBatches(lengths, { size: 4, maxShapes: 1 }).lengths).toEqual([64]);
    expect(planBatches(lengths, { size: 4, maxShapes: 9 }).lengths).toEqual([8, 16, 24, 64]);
    expect(planBatches([5, 5], { size: 4 }).lengths).toEqual([8]);
  });

  it('refuses sizes that make no batch', () => {
    for (const size of [0, -4, 1.5, Number.NaN]) expect(() => planBatches([3], { size })).toThrow(UserError);
    expect(() => planBatches([3], { size: 4, maxShapes: 0 })).toThrow('maxShapes 0');
    expect(() => planBatches([], { size: 4 })).toThrow(/no examples/);
  });
});

describe('trainingBatches', () => {
  const batches = trainingBatches(examples, plan, { seed: 1, epoch: 0 });

  it('holds every example once and fills the one partial batch', () => {
    expect(indices(batches).sort((a, b) => a - b)).toEqual(examples.map(({ index }) => index));
    expect(batches.map(({ rows }) => rows.length)).toEqual(Array.from({ length: Math.ceil(101 / 8) }, () => 8));
  });

  it('has at most three shapes', () => {
    const shapes = new Set(batches.map((batch) => batch.length));
    expect(shapes.size).toBeLessThanOrEqual(3);
    expect(shapes.size).toBeGreaterThan(1);
  });

  it('gives the full batches of one length about the same number of tokens', () => {
    const total = (rows: readonly Encoded[]): number => rows.reduce((sum, { ids }) => sum + ids.length, 0);
    const many = Array.from({ length: 400 }, (_, index) => ({
      index,
      ids: new Int32Array(10 + Math.floor(random() * 30)).fill(1),
    }));
    const totals = trainingBatches(many, { size: 8, lengths: [40] }, { seed: 1, epoch: 0 }).map(({ rows }) =>
      total(rows),
    );
    expect(Math.max(...totals) - Math.min(...totals)).toBeLessThanOrEqual(8);
  });

  it('balances what is read and what is written, rows in order of what is written', () => {
    const many = Array.from({ length: 400 }, (_, index) => {
      const length = 10 + Math.floor(random() * 30);
      return { index, ids: new Int32Array(length), target: new Int32Array(5 + Math.floor(random() * length)) };
    });
    const dealt = trainingBatches(many, { size: 8, lengths: [40] }, { seed: 1, epoch: 0 });
    const spread = (of: (row: (typeof many)[number]) => number): number => {
      const totals = dealt.map(({ rows }) => rows.reduce((sum, row) => sum + of(row), 0));
      return Math.max(...totals) - Math.min(...totals);
    };
    expect(spread(({ target }) => target.length)).toBeLessThanOrEqual(20);
    expect(spread(({ ids }) => ids.length)).toBeLessThanOrEqual(24);
    for (const { rows } of dealt)
      expect(rows.map(({ target }) => target.length)).toEqual(
        rows.map(({ target }) => target.length).sort((a, b) => a - b),
      );
  });

  it('fills up the shortest examples, which attention can afford', () => {
    const partial = batches.find(({ count }) => count < 8);
    const ascending = examples.map(({ ids }) => ids.length).sort((a, b) => a - b);
    expect(partial?.rows.slice(0, partial.count).map(({ ids }) => ids.length)).toEqual(ascending.slice(0, 101 % 8));
  });

  it('depends on seed and epoch alone', () => {
    expect(trainingBatches(examples, plan, { seed: 1, epoch: 0 })).toEqual(batches);
    expect(indices(trainingBatches(examples, plan, { seed: 1, epoch: 1 }))).not.toEqual(indices(batches));
    expect(indices(trainingBatches(examples, plan, { seed: 2, epoch: 0 }))).not.toEqual(indices(batches));
  });

  it('does not order batches by length', () => {
    const lengths = batches.map((batch) => batch.length);
    expect(lengths).not.toEqual([...lengths].sort((a, b) => a - b));
  });
});

describe('a batch', () => {
  const batches = evaluationBatches(examples, plan);

  it('has rows of one planned length, those that count first', () => {
    for (const { length, rows, count } of batches) {
      expect(plan.lengths).toContain(length);
      expect(rows).toHaveLength(8);
      expect(Math.max(...rows.map(({ ids }) => ids.length))).toBeLessThanOrEqual(length);
      for (const { index, ids } of rows.slice(0, count)) expect(ids).toBe(examples[index]?.ids);
    }
  });

  it('fills a lonely row with its own text', () => {
    const [batch] = evaluationBatches(examples.slice(0, 1), plan);
    expect(batch?.count).toBe(1);
    expect(batch?.rows.map(({ ids }) => ids)).toEqual(Array.from({ length: 8 }, () => examples[0]?.ids));
  });

  it('refuses an example that no planned length holds', () => {
    expect(() => evaluationBatches([{ index: 0, ids: new Int32Array(500).fill(1) }], plan)).toThrow(
      /longer than the plan/,
    );
  });
});
