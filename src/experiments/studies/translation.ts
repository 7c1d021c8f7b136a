import { greedily, type Block, type Configuration } from './block';
import { one, setting, type Setting, type Tried } from './setting';

type Key = 'full' | 'prompt' | 'prefix' | 'saFfn' | 'paFfn' | 'largePaFfn' | 'paAttn' | 'saAttn';

/** He et al.'s shares on width 256: l or r of 57 and 146 stand for their 200 and 512, the MLP of a prefix 200 for 800. */
const configurations: Readonly<Record<Key, Tried>> = {
  full: { label: 'full fine-tuning', methods: one('full'), printed: 'full' },
  prompt: { label: 'prompt tuning l=28', methods: one('prompt:l=28'), printed: 'prompt:l=300' },
  prefix: { label: 'prefix tuning l=57', methods: one('prefix:l=57,mlp=200'), printed: 'prefix:l=200,mlp=800' },
  saFfn: { label: 'SA (FFN) r=57', methods: one('sa-ffn:r=57'), printed: 'sa-ffn:r=200' },
  paFfn: { label: 'PA (FFN) r=57', methods: one('pa-ffn:r=57'), printed: 'pa-ffn:r=200' },
  largePaFfn: { label: 'PA (FFN) r=146', methods: one('pa-ffn:r=146'), printed: 'pa-ffn:r=512' },
  paAttn: { label: 'PA (attention) r=57', methods: one('pa-attn:r=57'), printed: 'pa-attn:r=200' },
  saAttn: { label: 'SA (attention) r=57', methods: one('sa-attn:r=57'), printed: 'sa-attn:r=200' },
};

/** No label smoothing, since likelihoods are compared. */
function training(
  examples: number,
  epochs: number,
  { validation, test, decoded }: { readonly validation: number; readonly test: number; readonly decoded: number },
): Block['training']['full'] {
  return {
    examples,
    epochs,
    batch: 16,
    maxLength: 48,
    schedule: { kind: 'linear', warmup: 0.06 },
    scored: { validation, test },
    evaluations: epochs === 1 ? 1 : 4,
    target: greedily(64, decoded),
  };
}

/**
 * Translation into Romanian with the second base, which has seen English beside four other languages and Romanian beside
 * none: what the rows on WMT16 en-ro that a comparison can decide rest on. All pairs twice, 1,256 steps of 16.
 */
export const translation: Setting<Key> = setting({
  name: 'translation',
  title: 'Translation with the second base',
  source: 'He et al. 2021',
  rows: ['A5', 'A6', 'A7', 'A10'],
  notebook: 'notebooks/08-mix-and-match.ipynb',
  minutes: 8,
  task: 'english-romanian',
  model: 'petl-mini-seq2seq-2',
  seeds: { quick: [1], full: [1, 2, 3, 4, 5] },
  training: {
    quick: training(160, 1, { validation: 64, test: 64, decoded: 16 }),
    full: training(10_048, 2, { validation: 500, test: 1000, decoded: 500 }),
  },
  validation: [500, 500],
  configurations,
});

export const translated = (): Readonly<Record<Key, Configuration>> => translation.configurations();
