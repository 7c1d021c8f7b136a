import { describe, expect, it } from 'vitest';
import type { ModelShape } from './shape';
import { backbone, knownShapes, weightShapes } from './shapes';

/** He et al. and Houlsby et al. (reference tables) and the published sizes of the checkpoints. */
const published: Readonly<Record<string, number>> = {
  'minilm-l6': 22_713_216,
  'minilm-l3': 17_389_824,
  'bert-base-uncased': 109_482_240,
  'bert-large-uncased': 335_141_888,
  'distilbert-base-uncased': 66_362_880,
  'roberta-base': 124_645_632,
  'roberta-large': 355_359_744,
  'bart-base': 139_420_416,
  'bart-large': 406_291_456,
  'mbart-large-cc25': 610_851_840,
  't5-small': 60_506_624,
  't5-base': 222_903_552,
  't5-v1_1-small': 76_961_152,
  gpt2: 124_439_808,
  'gpt2-medium': 354_823_168,
  'gpt2-large': 774_030_080,
  'gpt2-xl': 1_557_611_200,
  'llama-7b': 6_738_415_616,
  'smollm2-135m': 134_515_008,
};

describe('known shapes', () => {
  it.each(Object.entries(published))('%s has %i parameters', (name, parameters) => {
    const shape = knownShapes[name];
    expect(shape && backbone(shape)).toBe(parameters);
  });

  it.each(Object.entries(knownShapes))('%s: the weights sum to the backbone', (_, shape) => {
    const sizes = Object.values(weightShapes(shape)).map((dimensions) => dimensions.reduce((a, b) => a * b, 1));
    expect(sizes.reduce((a, b) => a + b, 0)).toBe(backbone(shape));
  });

  it('names what differs between families', () => {
    const of = (name: string) => Object.keys(weightShapes(knownShapes[name] as ModelShape));
    expect(of('bart-base')).toContain('decoder.5.cross.norm.bias');
    expect(of('bart-base')).toContain('decoder.embeddingNorm.gain');
    expect(of('gpt2')).toContain('embedding.position');
    expect(of('gpt2')).not.toContain('embedding.norm.gain');
    expect(of('t5-base')).toContain('decoder.relative');
    expect(of('t5-base').filter((name) => name.endsWith('bias'))).toEqual([]);
  });
});
