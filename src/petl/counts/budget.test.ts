import { describe, expect, it } from 'vitest';
import type { ModelShape } from '../../model/shape';
import { knownShapes } from '../../model/shapes';
import { fitBudget } from './budget';
import { count } from './count';
import { parseMethod } from '../design/written';

const shapeOf = (name: string): ModelShape => knownShapes[name] as ModelShape;

describe('fitBudget', () => {
  it.each([
    ['lora', 'roberta-base', '0.5%', 'lora:r=16'],
    ['prefix', 'roberta-base', '0.5%', 'prefix:l=33'],
    ['pa-ffn:s=4', 'bart-large', '6.2%', 'pa-ffn:r=512,s=4'],
    ['mam:l=30', 'bart-large', '6.74%', 'mam:l=30,r=512'],
    ['lora-ffn', 'bart-large', '6.17%', 'lora-ffn:r=102'],
    ['houlsby', 'bert-base-uncased', '2.21%', 'houlsby:m=64'],
    ['prompt', 'bart-large', '0.08%', 'prompt:l=317'],
    ['top', 'minilm-l6', '100%', 'top:k=6'],
    ['prefix:mlp=800', 'minilm-l6', '1%', 'prefix:l=49,mlp=800'],
  ])('%s on %s within %s is %s', (family, model, share, expected) => {
    const { method, counts, size } = fitBudget(family, shapeOf(model), share);
    expect(method.name).toBe(expected);
    expect(counts).toEqual(count(method, shapeOf(model)));
    expect(counts.share).toBeLessThanOrEqual(parseFloat(share) / 100);
    if (family !== 'top') {
      const next = parseMethod(
        expected
          .replace(/([rml])=\d+(?!.*[rml]=\d)/, (_, key: string) => `${key}=${size + 1}`)
          .replace(/^prefix:l=\d+,mlp/, `prefix:l=${size + 1},mlp`),
      );
      expect(count(next, shapeOf(model)).share).toBeGreaterThan(parseFloat(share) / 100);
    }
  });

  it.each([
    ['full', '0.5%', /"full" has no size/],
    ['bitfit', 0.005, /"bitfit" has no size/],
    ['lora', '0.0001%', /lora:r=1 already takes 0.0406%/],
    ['lora', '0', /share of the model above 0/],
    ['lora', '-1%', /"-1%" is not/],
    ['lora', 'half', /"half" is not/],
    ['lora', '500%', /"500%" is not/],
    ['lorra', '1%', /did you mean "lora"/],
    ['mam', '1%', /needs l/],
  ])('%s within %s is refused', (family, share, message) => {
    expect(() => fitBudget(family, shapeOf('minilm-l6'), share)).toThrow(message);
  });
});
