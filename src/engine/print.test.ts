import { describe, expect, it } from 'vitest';
import { upload } from './memory';
import { narrowed } from './narrow';
import { printOf } from './print';

const values = (): Float32Array => Float32Array.from({ length: 24 }, (_, i) => 1 + i / 256);

describe('printOf', () => {
  it('is of the bits: one moved by the last digit is told, whichever row it stands in', () => {
    const print = printOf(upload(values(), [4, 6]));
    expect(printOf(upload(values(), [4, 6]))).toBe(print);
    for (const at of [0, 11, 23]) {
      const moved = values();
      moved[at] = (moved[at] ?? 0) * (1 + 2 ** -23);
      expect(printOf(upload(moved, [4, 6]))).not.toBe(print);
    }
  });

  it('tells a zero from its negative', () => {
    expect(printOf(upload(new Float32Array([0]), []))).not.toBe(printOf(upload(new Float32Array([-0]), [])));
  });

  it('is of what is held in bfloat16, too', () => {
    const [same, other] = [values(), values()];
    other[20] = 2;
    const print = printOf(narrowed(upload(values(), [4, 6])));
    expect(printOf(narrowed(upload(same, [4, 6])))).toBe(print);
    expect(printOf(narrowed(upload(other, [4, 6])))).not.toBe(print);
  });
});
