import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compile } from '../engine/compile';
import { upload } from '../engine/memory';
import { tf, type Tensor } from '../engine/tf';
import { disposeTree } from '../engine/tree';
import { loadBackbone } from './backbone';
import { uploadBatch } from './batch';
import { encode, plainForward } from './encoder';
import { difference, folderOf, type Rows } from './fixtures/tiny';
import { knownShapes } from './known';
import { packSequences } from './packing';
import { bucketOf } from './relative';
import { plainRotary } from './rope';
import { rotate, rotationsAt, type Rotations } from './rotary';
import type { ModelShape } from './shape';

const ROWS = 3;
const HEADS = 2;
const WIDTH = 6;
const shape = (pairs: 'half' | 'interleaved'): ModelShape => ({
  ...(knownShapes['llama-7b'] as ModelShape),
  headWidth: WIDTH,
  positions: { ...plainRotary(100), pairs },
});
const x = (): Tensor =>
  upload(
    Float32Array.from({ length: ROWS * HEADS * WIDTH }, (_, i) => Math.sin(3 * i)),
    [ROWS, HEADS * WIDTH],
  );
const positions = (): Tensor => upload(new Int32Array([0, 5, -2]), [ROWS]);

/** RoFormer's equation, one pair after another. `place(i, side)`: where the numbers of pair i stand in a head. */
function turned(values: ArrayLike<number>, place: (pair: number, side: 0 | 1) => number): number[] {
  const found = Array.from(values);
  [0, 5, -2].forEach((position, row) => {
    for (let head = 0; head < HEADS; head++)
      for (let pair = 0; pair < WIDTH / 2; pair++) {
        const angle = position * 100 ** ((-2 * pair) / WIDTH);
        const [a, b] = ([0, 1] as const).map((side) => (row * HEADS + head) * WIDTH + place(pair, side)) as [
          number,
          number,
        ];
        const [p, q] = [values[a] as number, values[b] as number];
        found[a] = p * Math.cos(angle) - q * Math.sin(angle);
        found[b] = p * Math.sin(angle) + q * Math.cos(angle);
      }
  });
  return found;
}

describe('rotary positions', () => {
  it.each([
    ['half', (pair: number, side: 0 | 1) => pair + (side * WIDTH) / 2],
    ['interleaved', (pair: number, side: 0 | 1) => 2 * pair + side],
  ] as const)('%s pairs turn by position times speed; the gradient turns back', (pairs, place) => {
    const [given, at] = [x(), positions()];
    const run = compile((values: Tensor, where: Tensor) => {
      const { all } = rotationsAt(where, shape(pairs)) as Rotations;
      const value = rotate(values, WIDTH, all);
      return { value, gradient: tf.grad((v) => tf.sum(tf.mul(rotate(v, WIDTH, all), value)))(values) };
    });
    const { value, gradient } = run(given, at);
    const expected = turned(given.dataSync(), place);
    value.dataSync().forEach((v, i) => {
      expect(v).toBeCloseTo(expected[i] as number, 5);
    });
    const before = given.dataSync(); // R^T R x = x
    gradient.dataSync().forEach((g, i) => {
      expect(g).toBeCloseTo(before[i] as number, 5);
    });
    run.dispose();
    tf.dispose([given, at, value, gradient]);
  });

  it('are none of a model with other positions', () => {
    const at = positions();
    expect(rotationsAt(at, knownShapes['gpt2'] as ModelShape)).toBeUndefined();
    at.dispose();
  });
});

/** Where T5's bucket changes from -200 to 200, as transformers 5.23 computes it with 32 buckets up to distance 128. */
const changes = {
  bidirectional: [
    [-200, 15],
    [-90, 14],
    [-63, 13],
    [-45, 12],
    [-31, 11],
    [-22, 10],
    [-15, 9],
    [-11, 8],
    [-7, 7],
    [-6, 6],
    [-5, 5],
    [-4, 4],
    [-3, 3],
    [-2, 2],
    [-1, 1],
    [0, 0],
    [1, 17],
    [2, 18],
    [3, 19],
    [4, 20],
    [5, 21],
    [6, 22],
    [7, 23],
    [8, 24],
    [12, 25],
    [16, 26],
    [23, 27],
    [32, 28],
    [46, 29],
    [64, 30],
    [91, 31],
  ],
  causal: [
    [-200, 31],
    [-112, 30],
    [-98, 29],
    [-86, 28],
    [-76, 27],
    [-66, 26],
    [-58, 25],
    [-51, 24],
    [-45, 23],
    [-39, 22],
    [-34, 21],
    [-30, 20],
    [-26, 19],
    [-23, 18],
    [-20, 17],
    [-18, 16],
    [-15, 15],
    [-14, 14],
    [-13, 13],
    [-12, 12],
    [-11, 11],
    [-10, 10],
    [-9, 9],
    [-8, 8],
    [-7, 7],
    [-6, 6],
    [-5, 5],
    [-4, 4],
    [-3, 3],
    [-2, 2],
    [-1, 1],
    [0, 0],
  ],
} as const;

describe('relative positions', () => {
  it.each(['bidirectional', 'causal'] as const)('%s buckets are those of transformers', (kind) => {
    const list: readonly (readonly [number, number])[] = changes[kind];
    for (let distance = -200, at = 0; distance <= 200; distance++) {
      while (at + 1 < list.length && (list[at + 1]?.[0] ?? Infinity) <= distance) at++;
      expect(
        bucketOf(distance, { buckets: 32, maxDistance: 128, bidirectional: kind === 'bidirectional' }),
        `distance ${distance}`,
      ).toBe(list[at]?.[1]);
    }
  });
});

describe("RoBERTa's positions", () => {
  const { ids, hidden } = JSON.parse(readFileSync(join(__dirname, 'fixtures', 'pads.json'), 'utf8')) as {
    readonly ids: Rows;
    readonly hidden: Rows;
  };

  it.each([12, 13])('leave out its padding id wherever it stands in a text, in %i rows', (size) => {
    const model = loadBackbone(folderOf('roberta'));
    const batch = uploadBatch(
      packSequences(
        ids.map((row) => ({ ids: row, types: row.map(() => 0) })),
        { lengths: [size === 12 ? 6 : 8], size, prompt: 0 },
      ),
    );
    const run = compile((given: typeof batch) => encode(model, given, plainForward));
    const found = run(batch);
    expect(difference(found, hidden)).toBeLessThan(2e-5);
    run.dispose();
    disposeTree([found, batch]);
    model.dispose();
  });
});
