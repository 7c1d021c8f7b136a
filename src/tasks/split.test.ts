import { describe, expect, it } from 'vitest';
import { splitOf } from './split';

describe('splitOf', () => {
  // int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], 'big') % 10
  it.each([
    ['a', 'test'],
    ['b', 'train'],
    ['verse 25', 'validation'],
    ['genesis 1', 'train'],
    ['ș', 'test'],
  ] as const)('puts %s into %s', (key, split) => expect(splitOf(key)).toBe(split));

  it('gives about 70, 10 and 20 percent', () => {
    const counts = { train: 0, validation: 0, test: 0 };
    for (let key = 0; key < 10000; key++) counts[splitOf(`key ${key}`)] += 1;
    expect(Math.abs(counts.train - 7000)).toBeLessThan(150);
    expect(Math.abs(counts.validation - 1000)).toBeLessThan(100);
    expect(Math.abs(counts.test - 2000)).toBeLessThan(130);
  });
});
