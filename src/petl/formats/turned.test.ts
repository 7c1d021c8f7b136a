import { describe, expect, it } from 'vitest';
import { plainRotary } from '../../model/rope';
import type { ModelShape } from '../../model/shape';
import { modelOf } from './testing/cases';
import { turned } from './turned';

describe('keys turned as if they stood at a position', () => {
  const width = 8;
  const keys = { shape: [1, width], values: Float32Array.from({ length: width }, (_, i) => i + 1) };
  const by = (more: object): readonly number[] => {
    const positions = { ...plainRotary(100), ...more };
    return [...turned(keys, { ...modelOf('llama').shape, headWidth: width, positions } as ModelShape, 3).values];
  };
  const pair = (x: number, y: number, angle: number): readonly [number, number] => [
    x * Math.cos(angle) - y * Math.sin(angle),
    x * Math.sin(angle) + y * Math.cos(angle),
  ];

  it('turn by the speeds of their pairs', () => {
    const [first, second] = pair(1, 5, 3);
    expect(by({})[0]).toBeCloseTo(first, 5);
    expect(by({})[4]).toBeCloseTo(second, 5);
    expect(by({})[1]).toBeCloseTo(pair(2, 6, 3 * 100 ** -0.25)[0], 5);
  });

  it('turn only the columns that turn, by the speeds of those', () => {
    const some = by({ columns: 4 });
    expect(some.slice(4)).toEqual([5, 6, 7, 8]);
    expect(some[0]).toBeCloseTo(pair(1, 3, 3)[0], 5);
    expect(some[1]).toBeCloseTo(pair(2, 4, 3 * 100 ** -0.5)[0], 5);
  });

  it('turn by scaled speeds', () => {
    expect(by({ scaling: { kind: 'linear', factor: 2 } })[0]).toBeCloseTo(pair(1, 5, 1.5)[0], 5);
  });
});
