import { parseMethod, printMethod } from '../../petl/design/written';
import { runSpec } from '../store/spec';
import { trialSeeds, tunedMethod } from '../tuning/tuned';
import { configuration, variantOf, type Block, type Configuration } from './block';
import { declared, familyOf, type Declared, type Rung, type Tunable } from './study';

const name = 'summarisation';

/**
 * A configuration of the block with what is tried for it: one written form, or several scales s that are chosen on
 * validation together with the rate.
 */
interface Tried {
  readonly label: string;
  readonly methods: readonly string[];
  readonly printed: string;
}

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

const scales = (written: string): readonly string[] => [2, 4, 8].map((s) => `${written},s=${s}`);
const one = (written: string): readonly string[] => [written];

/**
 * He et al.'s shares on SmolLM2-135M, of width 576: r of 112, 288 and 79 stand for their 200, 512 and 102 (LoRA at the
 * FFN). Keys and values are a third as wide as queries there, so that prefixes are three times as long for the same
 * share: 336 for 200, 51 for 30. The MLP of a prefix is 450 wide for 800.
 */
const list: Readonly<Record<Key, Tried>> = {
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

const keys = Object.keys(list) as readonly Key[];
const canonical = (written: string): string => printMethod(parseMethod(written));
const methodsOf = (key: Key): readonly string[] => list[key].methods.map(canonical);
const middle = (methods: readonly string[]): string => methods[Math.floor(methods.length / 2)] ?? '';

/** The configurations by name, with the scale that the trials chose; s = 4 before there is a table. */
export function summarised(): Readonly<Record<Key, Configuration>> {
  const made = keys.map((key) => {
    const { label, printed } = list[key];
    return [key, configuration(tunedMethod(name, key, middle(methodsOf(key))), label, printed)] as const;
  });
  return Object.fromEntries(made) as Readonly<Record<Key, Configuration>>;
}

/** 160 steps of 16 on a model that is really pretrained, as a decoder: loss on the target alone. */
export const summarisationBlock: Block = {
  name,
  task: 'synopsis',
  model: 'smollm2-135m',
  tuning: name,
  familyOf: (method) => keys.find((key) => methodsOf(key).includes(method)) ?? familyOf(method),
  seeds: { quick: [1], full: [1, 2, 3, 4, 5] },
  training: {
    quick: training({ examples: 32, validation: 8, test: 8, decoded: 4, evaluations: 1 }),
    full: training({ examples: 2560, validation: 250, test: 1000, decoded: 250, evaluations: 2 }),
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
    target: { maxLength: 32, decoded, beams: 1, lengthPenalty: 1, minLength: 1, noRepeatNgram: 0 },
  };
}

/** Four rates at a quarter of the length, the best two at the whole of it with two seeds. */
const rungs: readonly Rung[] = [
  { share: 0.25, seeds: trialSeeds.slice(0, 1), keep: Infinity, validation: 250 },
  { share: 1, seeds: trialSeeds, keep: 2, validation: 500 },
];

/** Each configuration has a rate of its own. */
export function summarisationTunable(): Tunable {
  const families = keys.map((key) => {
    const methods = methodsOf(key);
    const base = runSpec({
      study: name,
      method: middle(methods),
      model: summarisationBlock.model,
      task: summarisationBlock.task,
      tier: 'full',
      training: summarisationBlock.training.full,
    });
    return { name: key, label: list[key].label, base, ...(methods.length > 1 ? { methods } : {}) };
  });
  return { name, families, rungs };
}

/** Summarisation on a model that is really pretrained: what the rows on XSum rest on. */
export const summarisation: Declared = declared(name, (tier) => ({
  title: 'Summarisation on SmolLM2-135M',
  source: 'He et al. 2021',
  rows: ['A4', 'A5', 'A6', 'A7', 'A9', 'A16', 'A17', 'A23', 'A24', 'A25'],
  notebook: 'notebooks/08-mix-and-match.ipynb',
  variants: Object.values(summarised()).map((config) => variantOf(config, [summarisationBlock], tier)),
  minutes: 5,
  also: (method) => variantOf(configuration(method, method), [summarisationBlock], tier),
}));
