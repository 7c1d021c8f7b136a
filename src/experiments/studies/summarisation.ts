import { greedily, type Block, type Configuration } from './block';
import { one, scales, setting, type Setting, type Tried } from './setting';

type Key =
  | 'full'
  | 'prompt'
  | 'prefix'
  | 'mam'
  | 'lora'
  | 'saFfn'
  | 'paFfn'
  | 'largePaFfn'
  | 'scaledPa'
  | 'paAttn'
  | 'saAttn'
  | 'loraFfn'
  | 'unscaledLoraFfn'
  | 'twoAdapters'
  | 'prefixLora';

/**
 * He et al.'s shares on SmolLM2-135M, of width 576: r of 112, 288 and 79 stand for their 200, 512 and 102 (LoRA at the
 * FFN). Keys and values are a third as wide as queries there, so that prefixes are three times as long for the same
 * share: 336 for 200, 51 for 30. The MLP of a prefix is 450 wide for 800.
 */
const configurations: Readonly<Record<Key, Tried>> = {
  full: { label: 'full fine-tuning', methods: one('full'), printed: 'full' },
  prompt: { label: 'prompt tuning l=16', methods: one('prompt:l=16'), printed: 'prompt:l=300' },
  prefix: { label: 'prefix tuning l=336', methods: one('prefix:l=336,mlp=450'), printed: 'prefix:l=200,mlp=800' },
  mam: { label: 'MAM l=51, r=288', methods: scales('mam:l=51,r=288,mlp=450'), printed: 'mam:l=30,r=512,mlp=800' },
  lora: { label: 'LoRA (attention) r=112', methods: scales('lora:r=112'), printed: 'lora:r=200' },
  saFfn: { label: 'SA (FFN) r=112', methods: one('sa-ffn:r=112'), printed: 'sa-ffn:r=200' },
  paFfn: { label: 'PA (FFN) r=112', methods: one('pa-ffn:r=112'), printed: 'pa-ffn:r=200' },
  largePaFfn: { label: 'PA (FFN) r=288', methods: one('pa-ffn:r=288'), printed: 'pa-ffn:r=512' },
  scaledPa: { label: 'scaled PA (FFN) r=288', methods: scales('pa-ffn:r=288'), printed: 'pa-ffn:r=512,s=4' },
  paAttn: { label: 'PA (attention) r=112', methods: one('pa-attn:r=112'), printed: 'pa-attn:r=200' },
  saAttn: { label: 'SA (attention) r=112', methods: one('sa-attn:r=112'), printed: 'sa-attn:r=200' },
  loraFfn: { label: 'LoRA (FFN) r=79', methods: scales('lora-ffn:r=79'), printed: 'lora-ffn:r=102,s=4' },
  unscaledLoraFfn: { label: 'LoRA (FFN) r=79, s=1', methods: one('lora-ffn:r=79,s=1'), printed: 'lora-ffn:r=102,s=1' },
  twoAdapters: {
    label: 'PA (attention) r=17 + PA (FFN) r=288',
    methods: one('pa-attn:r=17+pa-ffn:r=288'),
    printed: 'pa-attn:r=30+pa-ffn:r=512',
  },
  prefixLora: {
    label: 'prefix l=51 + LoRA (FFN) r=79',
    methods: scales('prefix:l=51,mlp=450+lora-ffn:r=79'),
    printed: 'prefix:l=30,mlp=800+lora-ffn:r=102,s=4',
  },
};

interface Sizes {
  readonly examples: number;
  readonly validation: number;
  readonly test: number;
  readonly decoded: number;
  readonly evaluations: number;
}

/** Dropout is no part of the model; the paper's label smoothing is left out, since likelihoods are compared. */
function training({ examples, validation, test, decoded, evaluations }: Sizes): Block['training']['full'] {
  return {
    examples,
    epochs: 1,
    batch: 16,
    maxLength: 96,
    dropout: 0,
    schedule: { kind: 'linear', warmup: 0.1 },
    precision: 'bfloat16',
    scored: { validation, test },
    evaluations,
    target: greedily(32, decoded),
  };
}

/**
 * Summarisation on a model that is really pretrained, as a decoder with the loss on the target alone: what the rows on
 * XSum rest on. 160 steps of 16.
 */
export const summarisation: Setting<Key> = setting({
  name: 'summarisation',
  title: 'Summarisation on SmolLM2-135M',
  source: 'He et al. 2021',
  rows: ['A4', 'A5', 'A6', 'A7', 'A9', 'A16', 'A17', 'A23', 'A24', 'A25'],
  notebook: 'notebooks/08-mix-and-match.ipynb',
  minutes: 5,
  task: 'synopsis',
  model: 'smollm2-135m',
  seeds: { quick: [1], full: [1, 2, 3, 4, 5] },
  training: {
    quick: training({ examples: 32, validation: 8, test: 8, decoded: 4, evaluations: 1 }),
    full: training({ examples: 2560, validation: 250, test: 1000, decoded: 250, evaluations: 2 }),
  },
  validation: [250, 500],
  configurations,
});

export const summarised = (): Readonly<Record<Key, Configuration>> => summarisation.configurations();
