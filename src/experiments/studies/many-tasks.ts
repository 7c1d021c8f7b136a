import type { TrainingSettings } from '../../training/job';
import { defaultTraining } from '../store/spec';
import { one, setting, type Setting, type Tried } from './setting';

export type HoulsbyKey =
  'full' | 'head' | 'layernorm' | 'top:1' | 'top:3' | 'houlsby:1' | 'houlsby:4' | 'houlsby:32' | 'houlsby:128';
export type VariantKey = 'depth' | 'tanh' | 'norm' | 'attention' | 'parallel' | 'multiplicative';
export type DeviationKey = 'std:1e-7' | 'std:1e-3' | 'std:0.1' | 'std:1';

/**
 * Houlsby et al.'s methods at half the width of BERT-base: m of 1, 4, 32 and 128 stand for their 2, 8, 64 and 256, the
 * top layer of 6 for the top 2 of 12, and 3 for the half that variable fine-tuning came to on average.
 */
const houlsbyMethods: Readonly<Record<HoulsbyKey, Tried>> = {
  full: { label: 'full fine-tuning', methods: one('full'), printed: 'full fine-tuning' },
  head: { label: 'head alone', methods: one('head'), printed: 'head' },
  layernorm: { label: 'LayerNorms', methods: one('layernorm'), printed: 'layernorm' },
  'top:1': { label: 'top layer', methods: one('top:k=1'), printed: 'top:k=1' },
  'top:3': { label: 'top 3 layers', methods: one('top:k=3'), printed: 'variable fine-tuning' },
  'houlsby:1': { label: 'adapters m=1', methods: one('houlsby:m=1'), printed: 'houlsby:m=2' },
  'houlsby:4': { label: 'adapters m=4', methods: one('houlsby:m=4'), printed: 'houlsby:m=8' },
  'houlsby:32': { label: 'adapters m=32', methods: one('houlsby:m=32'), printed: 'houlsby:m=64' },
  'houlsby:128': { label: 'adapters m=128', methods: one('houlsby:m=128'), printed: 'houlsby:m=256' },
};

/** A Houlsby adapter of m = 32 written out, so that a part of it can be another. */
function written(change: string, sites: readonly string[] = ['attn', 'ffn'], reads = 'h'): string {
  const adapters = sites.map((site) => `point:site=${site},reads=${reads},r=32,init=houlsby${change}`);
  return [...adapters, 'layernorm'].join('+');
}

/** What section 3.6 tried beside the plain bottleneck and found no better. */
const variants: Readonly<Record<VariantKey, Tried>> = {
  depth: { label: 'two layers in an adapter', methods: one(written(',form=gelu,depth=2')), printed: 'none' },
  tanh: { label: 'tanh', methods: one(written(',form=tanh')), printed: 'none' },
  norm: { label: 'LayerNorm inside', methods: one(written(',form=gelu,norm=in')), printed: 'none' },
  attention: { label: 'adapters in attention alone', methods: one(written(',form=gelu', ['attn'])), printed: 'none' },
  parallel: { label: 'beside the sub-layers', methods: one(written(',form=gelu', undefined, 'x')), printed: 'none' },
  multiplicative: {
    label: 'beside the sub-layers, multiplied',
    methods: one(written(',form=gelu,how=multiply', undefined, 'x')),
    printed: 'none',
  },
};

/** Standard deviations of Figure 6 (right) beside the 1e-2 of every adapter above; 1e-3 is that of the released code. */
const deviations: Readonly<Record<DeviationKey, Tried>> = {
  'std:1e-7': { label: 'deviation 1e-7', methods: one('houlsby:m=32,std=1e-7'), printed: 'none' },
  'std:1e-3': { label: 'deviation 1e-3', methods: one('houlsby:m=32,std=1e-3'), printed: 'none' },
  'std:0.1': { label: 'deviation 0.1', methods: one('houlsby:m=32,std=0.1'), printed: 'none' },
  'std:1': { label: 'deviation 1', methods: one('houlsby:m=32,std=1'), printed: 'none' },
};

export const variantKeys = Object.keys(variants) as readonly VariantKey[];
export const deviationKeys = Object.keys(deviations) as readonly DeviationKey[];

interface Sizes {
  readonly examples: number;
  readonly test: number;
}

/** Section 3.1: warm-up over a tenth of the steps, then linearly to 0, weight decay, batches of 32. */
function training({ examples, test }: Sizes): Partial<TrainingSettings> {
  return {
    examples,
    epochs: 1,
    batch: 32,
    maxLength: 40,
    schedule: { kind: 'linear', warmup: 0.1 },
    optimizer: { ...defaultTraining.optimizer, beta2: 0.999 },
    scored: { validation: 300, test },
    evaluations: 2,
  };
}

const notebook = 'notebooks/10-one-model-many-tasks.ipynb';

/** One task of the bank; 80 steps where comparisons decide, 60 elsewhere. */
function taskSetting<K extends string>(
  task: string,
  rows: readonly string[],
  configurations: Readonly<Record<K, Tried>>,
  decides: boolean,
): Setting<K> {
  return setting({
    name: `many-${task}`,
    title: `One frozen MiniLM on ${task}`,
    source: 'Houlsby et al. 2019',
    rows,
    notebook,
    minutes: decides ? 0.7 : 0.4,
    task,
    model: 'minilm-l6',
    seeds: { quick: [1], full: decides ? [1, 2, 3, 4, 5] : [1, 2, 3] },
    training: {
      quick: training({ examples: 64, test: 64 }),
      full: training(decides ? { examples: 2560, test: 2000 } : { examples: 1920, test: 600 }),
    },
    validation: [300, 300],
    configurations,
  });
}

const pick = <K extends HoulsbyKey>(...keys: readonly K[]): Readonly<Record<K, Tried>> =>
  Object.fromEntries(keys.map((key) => [key, houlsbyMethods[key]])) as unknown as Readonly<Record<K, Tried>>;

/** MNLI's role: a large task that words alone tell badly. */
export const fields: Setting<HoulsbyKey | VariantKey | DeviationKey> = taskSetting(
  'lexical-field',
  ['B1', 'B2', 'B4', 'B5', 'B6', 'B8', 'B10', 'B12', 'B13', 'B14'],
  { ...houlsbyMethods, ...variants, ...deviations },
  true,
);

/** CoLA's role: how a thing is said, not what. */
export const versions: Setting<HoulsbyKey> = taskSetting(
  'bible-version',
  ['B2', 'B4', 'B5', 'B7', 'B8', 'B11'],
  houlsbyMethods,
  true,
);

/** Of the others, two have curves and all have Table 2's three methods. */
type CurveKey = Exclude<HoulsbyKey, 'head' | 'layernorm'>;
const curve: Readonly<Record<CurveKey, Tried>> = pick(
  ...(['full', 'top:1', 'top:3', 'houlsby:1', 'houlsby:4', 'houlsby:32', 'houlsby:128'] as const),
);
export const curved: readonly Setting<CurveKey>[] = ['tweet-sentiment', 'dialogue-act'].map((task) =>
  taskSetting(task, ['B4', 'B5'], curve, false),
);

type TableKey = 'full' | 'top:3' | 'houlsby:32';
const table: Readonly<Record<TableKey, Tried>> = pick('full', 'top:3', 'houlsby:32');
export const tabled: readonly Setting<TableKey>[] = [
  ...['product-sentiment', 'editorial-sentiment', 'dialogue-domain', 'tweet-polarity', 'sentiment'],
  ...['package-section', 'news-topic', 'spam'],
].map((task) => taskSetting(task, ['B4'], table, false));

/** Every task of the bank with what all of them have. */
export const manySettings: readonly Setting<TableKey>[] = [fields, versions, ...curved, ...tabled];
