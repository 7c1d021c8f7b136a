import { describe, expect, it } from 'vitest';
import { UserError } from '../errors';
import { knownShapes } from '../model/shapes';
import type { ModelShape } from '../model/shape';
import { parseMethod } from '../petl/design/written';
import { fitting, roomIn } from './room';

describe('room for a text', () => {
  const minilm = knownShapes['minilm-l6'] as ModelShape;
  const smollm = knownShapes['smollm2-135m'] as ModelShape;
  const scaled = { ...smollm, positions: { ...smollm.positions, longest: 16 } } as ModelShape;

  it.each([
    ['lora:r=2', minilm, 'encoder', 512],
    ['prompt:l=5,positions=shifted', minilm, 'encoder', 507],
    ['prompt:l=5', minilm, 'encoder', 512],
    ['lora:r=2', smollm, 'decoder', Infinity],
    ['lora:r=2', scaled, 'decoder', 16],
  ] as const)('%s', (method, shape, stack, room) => {
    expect(roomIn(stack, parseMethod(method), shape)).toBe(room);
  });

  it('refuses a text that is longer, in one line', () => {
    const rows = [[1, 2, 3], [1]];
    expect(fitting(rows, (row) => row.length, 3)).toBe(rows);
    expect(() => fitting(rows, (row) => row.length, 2)).toThrow(UserError);
    expect(() => fitting(rows, (row) => row.length, 2)).toThrow(
      "a text of 3 tokens is longer than the model's 2 positions: set training.maxLength",
    );
  });
});
