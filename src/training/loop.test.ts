import { describe, expect, it } from 'vitest';
import { upload } from '../engine/memory';
import { disposeTree } from '../engine/tree';
import { newHead } from './kinds/pooled';
import { Loop } from './loop';
import { startState } from './optimizer';

const optimizer = { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.01, clipNorm: 0 };

/** The randomness and the optimizer's numbers that the steps of a loop are handed. */
function handed(seed: number, steps: number): readonly { readonly seed: readonly number[]; readonly rate: number }[] {
  const seen: { readonly seed: readonly number[]; readonly rate: number }[] = [];
  const loop = new Loop(
    {
      seed,
      optimizer,
      rateAt: (step) => step / 10,
      step: (at, state, _, tick) => {
        seen.push({ seed: [...tick.seed.dataSync()], rate: at });
        return { state, loss: 1 };
      },
    },
    startState({ w: upload(new Float32Array(2), [2]) }),
  );
  for (let step = 0; step < steps; step++) loop.next();
  loop.dispose();
  return seen;
}

describe('the loop', () => {
  it('draws other random numbers in each step, a thousand streams apart, the same for the same seed', () => {
    const [first, again, other] = [handed(3, 4), handed(3, 4), handed(4, 4)];
    expect(first.map(({ seed }) => seed)).toEqual([
      [3, 1000],
      [3, 2000],
      [3, 3000],
      [3, 4000],
    ]);
    expect(again).toEqual(first);
    expect(other.map(({ seed: [run] }) => run)).toEqual([4, 4, 4, 4]);
    expect(first.map(({ rate }) => rate)).toEqual([0, 1, 2, 3]);
  });

  it('ends where the loss leaves the numbers, and names the rate', () => {
    const step = (_: number, state: ReturnType<typeof startState>) => ({ state, loss: NaN });
    const loop = new Loop({ seed: 1, optimizer, rateAt: () => 0.5, step }, startState({}));
    expect(() => loop.next()).toThrow('the loss is NaN at step 1: lower the learning rate (0.5)');
    loop.dispose();
  });
});

it('a head starts as BERT’s do: N(0, 0.02) and no bias, another for another seed', () => {
  const [head, again, other] = [newHead(400, 50, 1), newHead(400, 50, 1), newHead(400, 50, 2)];
  const values = head['head.weight']!.dataSync();
  const deviation = Math.sqrt(Array.from(values).reduce((sum, value) => sum + value * value, 0) / values.length);
  expect(deviation).toBeGreaterThan(0.0195);
  expect(deviation).toBeLessThan(0.0205);
  expect(head['head.bias']!.dataSync().every((value) => value === 0)).toBe(true);
  expect(again['head.weight']!.dataSync()).toEqual(values);
  expect(other['head.weight']!.dataSync()).not.toEqual(values);
  disposeTree([head, again, other]);
});
