import { describe, expect, it } from 'vitest';
import { UserError } from '../errors';
import { randomFrom } from '../random';
import { evaluationBatches, trainingBatches, type Batch, type EncodedExample } from './batches';
import { planBatches } from './plan';

const random = randomFrom(5);
const examples: readonly EncodedExample[] = Array.from({ length: 101 }, (_, index) => {
  const length = 3 + Math.floor(random() * 60);
  return { index, ids: new Int32Array(length).fill(index + 1), typeIds: new Int32Array(length).fill(1), label: index % 2 };
});
const plan = planBatches(examples.map(({ ids }) => ids.length), { size: 8, padId: 0 });
const indices = (batches: readonly Batch[]): number[] => batches.flatMap((batch) => [...batch.exampleIndex]);

describe('planBatches', () => {
  it('finds the cheapest lengths', () => {
    // 10 x 8, 1 x 16, 10 x 24, 1 x 64: {8, 24, 64} costs 80 + 264 + 64, less than {8, 16, 64}, {16, 24, 64} and {8, 64}
    const lengths = [...new Array<number>(10).fill(8), 15, ...new Array<number>(10).fill(24), 64];
    expect(planBatches(lengths, { size: 4, padId: 0 }).lengths).toEqual([8, 24, 64]);
    expect(planBatches(lengths, { size: 4, padId: 0, maxShapes: 1 }).lengths).toEqual([64]);
    expect(planBatches(lengths, { size: 4, padId: 0, maxShapes: 9 }).lengths).toEqual([8, 16, 24, 64]);
    expect(planBatches([5, 5], { size: 4, padId: 0 }).lengths).toEqual([8]);
  });

  it('refuses sizes that make no batch', () => {
    for (const size of [0, -4, 1.5, Number.NaN]) expect(() => planBatches([3], { size, padId: 0 })).toThrow(UserError);
    expect(() => planBatches([3], { size: 4, padId: 0, maxShapes: 0 })).toThrow('maxShapes 0');
    expect(() => planBatches([], { size: 4, padId: 0 })).toThrow(/no examples/);
  });
});

describe('trainingBatches', () => {
  const batches = trainingBatches(examples, plan, { seed: 1, epoch: 0 });

  it('holds every example once and fills the one partial batch', () => {
    expect(indices(batches).filter((index) => index >= 0).sort((a, b) => a - b)).toEqual(examples.map(({ index }) => index));
    expect(batches).toHaveLength(Math.ceil(101 / 8));
    expect(indices(batches).filter((index) => index < 0)).toHaveLength(8 * 13 - 101);
  });

  it('has at most three shapes', () => {
    const shapes = new Set(batches.map((batch) => `${batch.size}x${batch.length}`));
    expect(shapes.size).toBeLessThanOrEqual(3);
    expect(shapes.size).toBeGreaterThan(1);
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

  it('pads on the right and counts its real tokens', () => {
    for (const batch of batches) {
      let tokens = 0;
      for (let row = 0; row < batch.size; row++) {
        const length = batch.lengths[row] ?? 0;
        const ids = [...batch.ids.subarray(row * batch.length, (row + 1) * batch.length)];
        const mask = [...batch.mask.subarray(row * batch.length, (row + 1) * batch.length)];
        expect(ids.slice(length).every((id) => id === 0)).toBe(true);
        expect(ids.slice(0, length).every((id) => id > 0)).toBe(true);
        expect(mask).toEqual(ids.map((_, token) => (token < length ? 1 : 0)));
        tokens += batch.weights[row] === 1 ? length : 0;
      }
      expect(batch.realTokens).toBe(tokens);
    }
  });

  it('keeps rows and labels together', () => {
    for (const batch of batches) {
      batch.exampleIndex.forEach((index, row) => {
        expect(batch.weights[row]).toBe(index < 0 ? 0 : 1);
        if (index < 0) return;
        expect(batch.labels[row]).toBe(index % 2);
        expect(batch.ids[row * batch.length]).toBe(index + 1);
        expect(batch.lengths[row]).toBe(examples[index]?.ids.length);
      });
    }
  });

  it('fills a lonely row with text of weight 0', () => {
    const [batch] = evaluationBatches(examples.slice(0, 1), plan);
    expect([...(batch?.weights ?? [])]).toEqual([1, 0, 0, 0, 0, 0, 0, 0]);
    expect([...(batch?.exampleIndex ?? [])]).toEqual([0, -1, -1, -1, -1, -1, -1, -1]);
    expect(Math.min(...(batch?.lengths ?? [0]))).toBeGreaterThan(0);
  });

  it('refuses an example that no planned length holds', () => {
    const long = { index: 0, ids: new Int32Array(500).fill(1), typeIds: new Int32Array(500), label: 0 };
    expect(() => evaluationBatches([long], plan)).toThrow(/longer than the plan/);
  });
});
