import type { TrainingSettings } from '../../training/job';
import { defaultTraining } from '../store/spec';
import { one, setting, type Setting, type SettingFields, type Tried } from './setting';

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
  'top:1': { label: 'top layer', methods: one('top:k=1'), printed: 'top:k=2' },
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

/** A small data set of the same task for as many steps. */
const few = { change: { examples: 320, epochs: 16 }, what: '320 examples' } as const;
const small: Readonly<Record<'few:4' | 'few:128', Tried>> = {
  'few:4': { ...houlsbyMethods['houlsby:4'], label: 'adapters m=4, 320 examples', ...few },
  'few:128': { ...houlsbyMethods['houlsby:128'], label: 'adapters m=128, 320 examples', ...few },
};

export const variantKeys = Object.keys(variants) as readonly VariantKey[];
export const deviationKeys = Object.keys(deviations) as readonly DeviationKey[];

/** As many as a comparison takes to decide. */
const seeds = { quick: [1], full: [1, 2, 3, 4, 5] } as const;

interface Sizes {
  readonly examples: number;
  readonly epochs?: number;
  readonly test: number;
}

/** Section 3.1: warm-up over a tenth of the steps, then linearly to 0, weight decay, batches of 32. */
function training({ examples, epochs = 1, test }: Sizes): Partial<TrainingSettings> {
  return {
    examples,
    epochs,
    batch: 32,
    maxLength: 40,
    schedule: { kind: 'linear', warmup: 0.1 },
    optimizer: { ...defaultTraining.optimizer, beta2: 0.999 },
    scored: { validation: 300, test },
    evaluations: 2,
  };
}

const notebook = 'notebooks/10-one-model-many-tasks.ipynb';

/** How long a task is learned. */
interface Length extends Sizes {
  /** About how long a run takes. */
  readonly minutes: number;
  readonly precision: TrainingSettings['precision'];
}
/** 160 steps: four versions of one verse are told apart by a body that has learned to, and not sooner. */
const long: Length = { examples: 2560, epochs: 2, test: 2000, minutes: 0.6, precision: 'bfloat16' };
/** 80 steps, in which full fine-tuning gains seven points over the head. */
const usual: Length = { examples: 2560, test: 2000, minutes: 0.35, precision: 'bfloat16' };
/** The same in float32. */
const exact: Length = { ...usual, minutes: 0.7, precision: 'float32' };
/** 60 steps. */
const short: Length = { examples: 1920, test: 600, minutes: 0.3, precision: 'bfloat16' };

/** One task of the bank. @param more seeds of what decides a finding that power alone keeps from speaking */
function taskSetting<K extends string>(
  task: string,
  { rows, configurations, more }: Pick<SettingFields<K>, 'rows' | 'configurations' | 'more'>,
  { minutes, precision, ...sizes }: Length,
): Setting<K> {
  return setting({
    name: `many-${task}`,
    title: `One frozen MiniLM on ${task}`,
    source: 'Houlsby et al. 2019',
    rows,
    notebook,
    minutes,
    task,
    model: 'minilm-l6',
    seeds,
    ...(more && { more }),
    training: {
      quick: training({ examples: 64, test: 64 }),
      full: { ...training(sizes), ...(precision === 'float32' ? {} : { precision }) },
    },
    validation: [300, 300],
    configurations,
  });
}

const pick = <K extends HoulsbyKey>(...keys: readonly K[]): Readonly<Record<K, Tried>> =>
  Object.fromEntries(keys.map((key) => [key, houlsbyMethods[key]])) as unknown as Readonly<Record<K, Tried>>;

/** MNLI's role: what words alone tell badly, and full fine-tuning far better than a head. */
export const versions: Setting<HoulsbyKey | VariantKey | DeviationKey | keyof typeof small> = taskSetting(
  'bible-version',
  {
    rows: ['B1', 'B2', 'B3', 'B4', 'B5', 'B6', 'B8', 'B10', 'B11', 'B12', 'B13', 'B14'],
    configurations: { ...houlsbyMethods, ...variants, ...deviations, ...small },
    more: { full: 8, 'houlsby:4': 9, 'houlsby:32': 9 }, // B1 and B2
  },
  long,
);

/** CoLA's role: a judgement on one short text. */
export const feelings: Setting<HoulsbyKey> = taskSetting(
  'sentiment',
  {
    rows: ['B2', 'B4', 'B5', 'B7', 'B8', 'B11', 'B16'],
    configurations: houlsbyMethods,
    more: { 'top:1': 20, 'houlsby:32': 20 }, // B7
  },
  usual,
);

/** A large task on which the frozen features are as good as full fine-tuning of 80 steps: a floor, shown as that. */
export const fields: Setting<HoulsbyKey | DeviationKey> = taskSetting(
  'lexical-field',
  { rows: ['B4', 'B5', 'B12'], configurations: { ...houlsbyMethods, ...deviations } },
  exact,
);

/** Of the others, two have curves and all have Table 2's three methods, and the head that they must beat. */
export const curved: readonly Setting<HoulsbyKey>[] = ['dialogue-act', 'tweet-polarity'].map((task) =>
  taskSetting(task, { rows: ['B4', 'B5'], configurations: houlsbyMethods }, short),
);

type TableKey = 'full' | 'head' | 'top:3' | 'houlsby:32';
const table: Readonly<Record<TableKey, Tried>> = pick('full', 'head', 'top:3', 'houlsby:32');
export const tabled: readonly Setting<TableKey>[] = [
  ...['product-sentiment', 'editorial-sentiment', 'tweet-sentiment', 'dialogue-domain'],
  ...['package-section', 'news-topic', 'spam', 'word-class'],
].map((task) => taskSetting(task, { rows: ['B4'], configurations: table }, short));

/** Every task of the bank with what all of them have. */
export const manySettings: readonly Setting<TableKey>[] = [versions, feelings, fields, ...curved, ...tabled];

type AnswerKey = 'full' | 'head' | 'houlsby:1' | 'houlsby:32';
/**
 * SQuAD's role (Figure 5): new questions over four kinds of text, scored on SQuAD's development set. About 115 steps of
 * 16 windows: enough for full fine-tuning to answer far better than the sliding window does.
 */
export const answers: Setting<AnswerKey> = setting({
  name: 'many-squad-shifts',
  title: 'Answers in paragraphs: full fine-tuning, adapters, the head alone',
  source: 'Houlsby et al. 2019, Figure 5',
  rows: ['B9'],
  notebook,
  minutes: 1.5,
  task: 'squad-shifts',
  model: 'minilm-l6',
  seeds,
  training: {
    quick: { ...training({ examples: 32, test: 16 }), batch: 8, maxLength: 96, scored: { validation: 16, test: 16 } },
    full: {
      ...training({ examples: 960, test: 500 }),
      batch: 16,
      maxLength: 160,
      scored: { validation: 150, test: 500 },
      precision: 'bfloat16',
    },
  },
  validation: [150, 150],
  configurations: pick('full', 'head', 'houlsby:1', 'houlsby:32'),
});
