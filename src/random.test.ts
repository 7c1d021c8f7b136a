import { describe, expect, it } from 'vitest';
import { mixSeeds, randomFrom, shuffled } from './random';

describe('randomFrom', () => {
  it('gives the first numbers of mulberry32', () => {
    const random = randomFrom(1);
    // mulberry32 computed with Python integers modulo 2**32
    expect([random(), random(), random()]).toEqual([0.6270739405881613, 0.002735721180215478, 0.5274470399599522]);
  });

  it('is even over ten bins', () => {
    const random = randomFrom(7);
    const bins = new Array<number>(10).fill(0);
    for (let draw = 0; draw < 10000; draw++) bins[Math.floor(random() * 10)]! += 1;
    expect(Math.min(...bins)).toBeGreaterThan(900);
    expect(Math.max(...bins)).toBeLessThan(1100);
  });
});

describe('shuffled', () => {
  it('keeps every item once, in an order that depends on the seed alone', () => {
    const items = Array.from({ length: 50 }, (_, index) => index);
    const first = shuffled(items, randomFrom(3));
    expect(first).toEqual(shuffled(items, randomFrom(3)));
    expect(first).not.toEqual(shuffled(items, randomFrom(4)));
    expect([...first].sort((a, b) => a - b)).toEqual(items);
    expect(items[0]).toBe(0);
  });
});

describe('mixSeeds', () => {
  it('tells order and neighbours apart', () => {
    const seeds = [mixSeeds(1, 2), mixSeeds(2, 1), mixSeeds(1, 3), mixSeeds(1), mixSeeds(0), mixSeeds(0, 0)];
    expect(new Set(seeds).size).toBe(seeds.length);
  });
});
