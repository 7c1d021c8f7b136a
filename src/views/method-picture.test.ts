import { describe, expect, it } from 'vitest';
import { weightShapes } from '../model/shapes';
import { shapeNamed } from '../experiments/store/counts';
import { count } from '../petl/counts/count';
import { families, parseMethod } from '../petl/design/written';
import { whyInvalid } from '../petl/design/valid';
import { sizeOf } from '../petl/forms/spec';
import { unfrozenNames } from '../petl/forms/unfrozen';
import { drawMethod } from './method-picture';

const models = ['minilm-l6', 'petl-mini-seq2seq', 'smollm2-135m'] as const;
const written = Object.values(families).map(({ example }) => example);

describe('the picture of a method', () => {
  it.each(models)('names every trained element on %s', (model) => {
    const shape = shapeNamed(model);
    const possible = written.filter((method) => {
      try {
        return whyInvalid(parseMethod(method), shape) === undefined && count(parseMethod(method), shape).trained >= 0;
      } catch {
        return false; // a method of a part that this family lacks
      }
    });
    expect(possible.length).toBeGreaterThan(15);
    for (const method of possible) {
      const parsed = parseMethod(method);
      const own = unfrozenNames(parsed, shape).reduce((sum, name) => sum + sizeOf(weightShapes(shape)[name] ?? []), 0);
      const inserted = drawMethod(method, { model }).numbers.reduce((sum, row) => sum + Number(row['all']), 0);
      expect(own + inserted, method).toBe(count(parsed, shape).trained);
    }
  });

  it('shows two methods in one block, what both have once', () => {
    const both = drawMethod('lora:r=4', { against: 'lora:r=4+pa-ffn:r=8' });
    expect(both.numbers.map(({ site }) => site)).toEqual(['attn.query', 'attn.value', 'ffn']);
    const lines = (both.layout.shapes ?? []).map(({ line }) => line?.color);
    expect(lines.filter((colour) => colour === '#d55e00')).toHaveLength(1); // only the second has the adapter
    expect(lines.filter((colour) => colour === '#5b6570')).toHaveLength(2);
  });

  it('tints the weights that train and has a row for each insert', () => {
    const norms = drawMethod('houlsby:m=8');
    const tinted = (norms.layout.shapes ?? []).filter(({ fillcolor }) => fillcolor === '#fbe3d2');
    expect([norms.numbers.length, tinted.length]).toEqual([2, 2]);
    expect(() => drawMethod('lora:r=4', { model: 'nobody' })).toThrow('nobody');
  });
});
