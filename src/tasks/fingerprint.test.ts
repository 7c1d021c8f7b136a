import { describe, expect, it } from 'vitest';
import { dataPrint } from './fingerprint';

const example = (id: string): { id: string; text: string; target: string } => ({ id, text: `text ${id}`, target: 'x' });

describe('dataPrint', () => {
  const data = { train: [example('1'), example('2')], validation: [example('3')], test: [example('4')] };
  const print = dataPrint(data);

  it('counts and names each split, the same for equal examples', () => {
    expect(print.train).toEqual({ count: 2, hash: expect.stringMatching(/^[0-9a-f]{16}$/) as string });
    expect(dataPrint(structuredClone(data))).toEqual(print);
    expect(print.validation).not.toEqual(print.test);
  });

  it('changes with an order, a count and a text, in their split alone', () => {
    for (const train of [
      [example('2'), example('1')],
      [example('1')],
      [example('1'), { ...example('2'), target: 'y' }],
    ]) {
      const other = dataPrint({ ...data, train });
      expect(other.train).not.toEqual(print.train);
      expect(other.test).toEqual(print.test);
    }
  });
});
