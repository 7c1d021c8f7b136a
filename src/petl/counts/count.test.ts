import { describe, expect, it } from 'vitest';
import type { ModelShape } from '../../model/shape';
import { backbone, knownShapes } from '../../model/shapes';
import { count } from './count';
import { parseMethod } from '../design/written';

const shapeOf = (name: string): ModelShape => knownShapes[name] as ModelShape;
const counts = (model: string, method: string) => count(parseMethod(method), shapeOf(model));
const percent = (part: number, whole: number): string => ((part / whole) * 100).toFixed(2);

/** He et al. 2021, Tables 9-11 applied to the settings of Tables 3-6: count, % of bart-large, % of mbart-large. */
const he: readonly (readonly [string, number, string, string])[] = [
  ['prefix:l=30', 2_211_840, '0.54', '0.36'],
  ['pa-attn:r=30', 2_211_840, '0.54', '0.36'],
  ['sa-attn:r=30', 2_211_840, '0.54', '0.36'],
  ['mhpa:l=30', 2_211_840, '0.54', '0.36'],
  ['prefix:l=200', 14_745_600, '3.63', '2.41'],
  ['pa-attn:r=200', 14_745_600, '3.63', '2.41'],
  ['sa-attn:r=200', 14_745_600, '3.63', '2.41'],
  ['prefix:l=512', 37_748_736, '9.29', '6.18'],
  ['pa-attn:r=512', 37_748_736, '9.29', '6.18'],
  ['sa-attn:r=512', 37_748_736, '9.29', '6.18'],
  ['pa-ffn:r=30', 1_474_560, '0.36', '0.24'],
  ['sa-ffn:r=30', 1_474_560, '0.36', '0.24'],
  ['pa-ffn:r=200', 9_830_400, '2.42', '1.61'],
  ['sa-ffn:r=200', 9_830_400, '2.42', '1.61'],
  ['pa-ffn:r=512', 25_165_824, '6.19', '4.12'],
  ['pa-ffn:r=512,s=4', 25_165_824, '6.19', '4.12'],
  ['sa-ffn:r=512', 25_165_824, '6.19', '4.12'],
  ['sa-ffn:r=600', 29_491_200, '7.26', '4.83'],
  ['pa-ffn:r=600', 29_491_200, '7.26', '4.83'],
  ['pfeiffer:r=600', 29_491_200, '7.26', '4.83'],
  ['pa-ffn:r=1024', 50_331_648, '12.39', '8.24'],
  ['sa-ffn:r=1024', 50_331_648, '12.39', '8.24'],
  ['lora:r=200', 29_491_200, '7.26', '4.83'],
  ['lora:r=400', 58_982_400, '14.52', '9.66'],
  ['lora-ffn:r=102', 25_067_520, '6.17', '4.10'],
  ['lora-ffn:r=120', 29_491_200, '7.26', '4.83'],
  ['prompt:l=300', 307_200, '0.08', '0.05'],
  ['mam:l=30,r=512', 27_377_664, '6.74', '4.48'],
  ['prefix:l=30+lora-ffn:r=102', 27_279_360, '6.71', '4.47'],
];

describe('counts of He et al. 2021', () => {
  it.each(he)('%s: %i, %s%% of bart-large, %s%% of mbart-large', (method, paper, bart, mbart) => {
    const ours = counts('bart-large', method);
    expect(ours.paper).toBe(paper);
    expect(percent(ours.paper, ours.backbone)).toBe(bart);
    expect(ours.share).toBe(ours.paper / ours.backbone);
    expect(percent(counts('mbart-large-cc25', method).share, 1)).toBe(mbart);
  });

  it('counts all biases of bart-large', () => {
    expect(counts('bart-large', 'bitfit')).toMatchObject({ trained: 333_824, paper: 333_824, stored: 333_824 });
    expect(percent(counts('bart-large', 'bitfit').share, 1)).toBe('0.08');
  });

  it.each([
    [30, 61_608_288, '15.2'],
    [200, 62_130_528, '15.3'],
  ])('a prefix MLP of l = %i trains %i', (l, trained, share) => {
    const ours = counts('bart-large', `prefix:l=${l},mlp=800`);
    expect(ours.trained).toBe(trained);
    expect(((100 * ours.trained) / ours.backbone).toFixed(1)).toBe(share);
    expect(ours.stored).toBe(2 * l * 1024 * 36);
    expect(ours.paper).toBe(ours.stored);
  });

  it('stores the biases of MAM beside what the paper counts', () => {
    expect(counts('bart-large', 'mam:l=30,r=512')).toMatchObject({
      backbone: 406_291_456,
      paper: 27_377_664,
      stored: 27_414_528,
      trained: 27_414_528,
    });
    expect(counts('bart-large', 'mam:l=30,r=512,mlp=800').stored).toBe(27_414_528);
  });

  it.each(['lora:r=16', 'mam:l=16,r=16', 'prefix:l=32', 'sa-attn:r=16+sa-ffn:r=16'])(
    '%s is 0.5%% of roberta-base',
    (method) => {
      expect(counts('roberta-base', method).paper).toBe(589_824);
      expect(percent(counts('roberta-base', method).share, 1)).toBe('0.47');
    },
  );

  it('a prefix MLP and an adapter of RoBERTa-base store what the released run really needed', () => {
    expect(counts('roberta-base', 'mam:l=16,r=16,s=2,mlp=800')).toMatchObject({ trained: 15_695_840, stored: 599_232 });
  });

  it.each([
    ['lora:r=8', 294_912],
    ['pa-ffn:r=1', 18_432],
    ['prefix:l=1', 18_432],
  ])('gpt2 %s is %i', (method, paper) => {
    expect(counts('gpt2', method).paper).toBe(paper);
  });
});

/** Houlsby et al. 2019: adapters, adapters and LayerNorms, both as % of the model. */
const houlsby: readonly (readonly [string, number, number, number, string, string])[] = [
  ['bert-base-uncased', 2, 92_208, 130_608, '0.08', '0.12'],
  ['bert-base-uncased', 8, 313_536, 351_936, '0.29', '0.32'],
  ['bert-base-uncased', 64, 2_379_264, 2_417_664, '2.17', '2.21'],
  ['bert-base-uncased', 256, 9_461_760, 9_500_160, '8.64', '8.68'],
  ['bert-base-uncased', 512, 18_905_088, 18_943_488, '17.27', '17.30'],
  ['bert-large-uncased', 2, 245_856, 346_208, '0.07', '0.10'],
  ['bert-large-uncased', 8, 835_968, 936_320, '0.25', '0.28'],
  ['bert-large-uncased', 64, 6_343_680, 6_444_032, '1.89', '1.92'],
  ['bert-large-uncased', 256, 25_227_264, 25_327_616, '7.53', '7.56'],
  ['bert-large-uncased', 512, 50_405_376, 50_505_728, '15.04', '15.07'],
];

describe('counts of Houlsby et al. 2019', () => {
  it.each(houlsby)('%s m = %i', (model, m, adapters, withNorms, share, shareWithNorms) => {
    const frozen = counts(model, `houlsby:m=${m},norms=frozen`);
    const trained = counts(model, `houlsby:m=${m}`);
    expect([frozen.trained, trained.trained]).toEqual([adapters, withNorms]);
    expect([frozen.paper, trained.paper]).toEqual([adapters, withNorms]);
    expect([percent(frozen.share, 1), percent(trained.share, 1)]).toEqual([share, shareWithNorms]);
  });

  it.each([
    ['bert-base-uncased', 38_400],
    ['bert-large-uncased', 100_352],
  ])('LayerNorms of %s: %i', (model, size) => {
    expect(counts(model, 'layernorm')).toMatchObject({ trained: size, used: size, stored: size, paper: size });
  });
});

describe('counts of Lin et al. 2020', () => {
  it.each([
    [10, 212_088, '0.17'],
    [100, 1_872_048, '1.50'],
    [300, 5_560_848, '4.47'],
  ])('gpt2 vlm:r=%i is %i, %s%%', (r, size, share) => {
    const ours = counts('gpt2', `vlm:r=${r}`);
    expect(ours).toMatchObject({ trained: size, used: size, stored: size, paper: size });
    expect(percent(ours.share, 1)).toBe(share);
  });

  it('rows of task tokens come on top', () => {
    expect(counts('gpt2', 'vlm:r=100,rows=30').trained).toBe(1_872_048 + 23_040);
  });

  it('the adapters of its five tasks are 12.1% of the model, 2.4% a task', () => {
    const tasks = [100, 300, 100, 300, 10].map((r) => counts('gpt2', `vlm:r=${r}`)); // dialogue, translation, summaries, questions, slots
    const sum = tasks.reduce((all, { paper }) => all + paper, 0);
    const whole = tasks[0]?.backbone ?? NaN;
    expect([sum, ((100 * sum) / whole).toFixed(1), ((20 * sum) / whole).toFixed(1)]).toEqual([
      15_077_880,
      '12.1',
      '2.4',
    ]);
  });
});

describe('what trained, used and stored mean', () => {
  it('full fine-tuning counts the pooler with the model but never trains it', () => {
    const { backbone: all, trained, paper, share } = counts('bert-base-uncased', 'full');
    expect([paper, share, all - trained]).toEqual([all, 1, 768 * 768 + 768]);
  });

  it('key biases are trained by BitFit but no loss reaches them, unless a prefix stands beside the keys', () => {
    const alone = counts('minilm-l6', 'bitfit');
    expect(alone.trained - alone.used).toBe(6 * 384);
    const beside = counts('minilm-l6', 'bitfit+prefix:l=2');
    expect(beside.trained - beside.used).toBe(0);
  });

  it('rows in front of the first position are never read', () => {
    const { trained, used } = counts('roberta-base', 'full');
    expect(trained - used).toBe(12 * 768 + 2 * 768);
  });

  it('the head is counted apart', () => {
    expect(count(parseMethod('head'), shapeOf('minilm-l6'), 2)).toMatchObject({ trained: 0, stored: 0, head: 770 });
  });

  it('grouped heads take narrower prefixes', () => {
    expect(counts('smollm2-135m', 'prefix:l=10').trained).toBe(30 * 2 * 10 * 3 * 64);
  });

  it('models without biases refuse BitFit', () => {
    expect(() => counts('t5-base', 'bitfit')).toThrow(/t5 models have no biases/);
    expect(() => counts('minilm-l6', 'top:k=7')).toThrow(/top:k=7: the encoder has 6 layers/);
  });
});

describe('shares', () => {
  it('the backbone is the denominator', () => {
    for (const [model, shape] of Object.entries(knownShapes))
      expect(counts(model, 'head').backbone).toBe(backbone(shape));
  });
});
