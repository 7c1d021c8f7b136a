import { one, setting, type Setting, type Tried } from './setting';
import { runsOf, variantOf, configuration, greedily, type Block, type Configuration } from './block';
import { declared, type Declared } from './study';

/*
 * Five voices of one frozen decoder (Lin et al. 2020): a setting for each task on petl-mini-lm. Bottlenecks keep the
 * paper's share of the model: r of 3, 33 and 100 at width 256 are 0.2, 1.5 and 4.5%, as its 10, 100 and 300 at 768.
 */

type Sides = 'full' | 'vlm' | 'segments';
type Ablated = Sides | 'plain';
type Everything = Ablated | 'table' | 'vlm16' | 'vlm33' | 'vlm100';

export interface Voice {
  readonly task: string;
  /** Segments of the task: rows of task embeddings. */
  readonly n: number;
  /** The bottleneck that stands for the paper's. */
  readonly r: number;
  readonly rows: readonly string[];
  readonly minutes: number;
  readonly examples: number;
  readonly maxLength: number;
  readonly target: number;
}

const embedded = (method: string, n: number): string => `${method}+segments:n=${n}`;

/** Full fine-tuning reads the same segments: it trains their vectors, too. */
export const sides = ({ n, r }: Voice): Readonly<Record<Sides, Tried>> => ({
  full: { label: 'full fine-tuning', methods: one(embedded('full', n)), printed: 'full' },
  vlm: { label: `VLM r=${r}`, methods: one(embedded(`vlm:r=${r}`, n)), printed: 'vlm' },
  segments: { label: 'task embeddings alone', methods: one(`segments:n=${n}`), printed: 'embeddings' },
});

const ablated = (voice: Voice): Readonly<Record<Ablated, Tried>> => ({
  ...sides(voice),
  plain: {
    label: `adapters r=${voice.r} without task embeddings`,
    methods: one(`vlm:r=${voice.r}`),
    printed: 'adapters',
  },
});

const everything = (voice: Voice): Readonly<Record<Everything, Tried>> => ({
  ...ablated(voice),
  table: { label: 'the token table alone', methods: one(embedded('head:rows=8192', voice.n)), printed: 'table' },
  vlm16: { label: 'VLM r=16', methods: one(embedded('vlm:r=16', voice.n)), printed: 'vlm:r=50' },
  vlm33: { label: 'VLM r=33', methods: one(embedded('vlm:r=33', voice.n)), printed: 'vlm:r=100' },
  vlm100: { label: 'VLM r=100', methods: one(embedded('vlm:r=100', voice.n)), printed: 'vlm:r=300' },
});

/** As the released code trains: linear decay from the first step on, no dropout inside adapters, norms cut at 1. */
export function training(
  { maxLength, target }: Pick<Voice, 'maxLength' | 'target'>,
  sizes: { readonly examples: number; readonly validation: number; readonly test: number; readonly decoded: number },
): Block['training']['full'] {
  const { examples, validation, test, decoded } = sizes;
  return {
    examples,
    epochs: 1,
    batch: 16,
    maxLength,
    dropout: 0,
    labelSmoothing: 0,
    schedule: { kind: 'linear', warmup: 0 },
    scored: { validation, test },
    evaluations: 2,
    target: greedily(target, decoded),
  };
}

/** What is other than on the pretrained base with the task's own targets, and what it is called. */
interface Other {
  readonly suffix: string;
  readonly how: string;
  readonly model?: string;
  readonly teacher?: string;
}

export function voiced<K extends string>(
  voice: Voice,
  configurations: Readonly<Record<K, Tried>>,
  { suffix, how, ...other }: Other = { suffix: '', how: '' },
): Setting<K> {
  return setting({
    name: `voice-${voice.task}${suffix}`,
    title: `${voice.task} as one of five voices${how}`,
    source: 'Lin et al. 2020',
    rows: voice.rows,
    notebook: 'notebooks/11-one-model-five-voices.ipynb',
    minutes: voice.minutes,
    task: voice.task,
    model: 'petl-mini-lm',
    ...other,
    seeds: { quick: [1], full: [1, 2, 3, 4, 5] },
    training: {
      quick: training(voice, { examples: 32, validation: 8, test: 8, decoded: 4 }),
      full: training(voice, { examples: voice.examples, validation: 250, test: 500, decoded: 150 }),
    },
    validation: [250, 500],
    configurations,
  });
}

const acts: Voice = {
  ...{ task: 'acts-to-text', n: 29, r: 3, rows: ['C5', 'C6', 'C7', 'C8', 'C10'], minutes: 0.6 },
  ...{ examples: 3200, maxLength: 40, target: 96 },
};

export const actsVoice: Setting<Everything> = voiced(acts, everything(acts));

export const talk: Voice = {
  ...{ task: 'dialogue', n: 3, r: 33, rows: ['C1', 'C6', 'C7'], minutes: 0.6 },
  ...{ examples: 3200, maxLength: 80, target: 64 },
};
export const dialogueVoice: Setting<Ablated> = voiced(talk, ablated(talk));

export const german: Voice = {
  ...{ task: 'english-german', n: 2, r: 100, rows: ['C2', 'C7'], minutes: 0.9 },
  ...{ examples: 2560, maxLength: 48, target: 96 },
};
export const germanVoice: Setting<Sides> = voiced(german, sides(german));

export const summary: Voice = {
  ...{ task: 'package-summary', n: 2, r: 33, rows: ['C3', 'C7'], minutes: 0.8 },
  ...{ examples: 2560, maxLength: 96, target: 64 },
};
export const summaryVoice: Setting<Sides> = voiced(summary, sides(summary));

const stories: Voice = {
  ...{ task: 'story-questions', n: 3, r: 100, rows: ['C4', 'C7'], minutes: 1.2 },
  ...{ examples: 1920, maxLength: 160, target: 48 },
};
export const storyVoice: Setting<Sides> = voiced(stories, sides(stories));

/** Full training of the same network from random weights, tuned like everything else. */
const fromRandom = voiced(
  { ...acts, rows: ['C9'] },
  { scratch: { ...sides(acts).full, label: 'the same network from random weights' } },
  { suffix: '-from-random', how: ', from random weights', model: 'petl-mini-lm-random' },
);

/** The five settings, in the paper's order. */
export const voices: readonly Setting<string>[] = [dialogueVoice, germanVoice, summaryVoice, storyVoice, actsVoice];
/** Settings that are tuned and run like them, whose model is no base to be gated. */
export const startVoices: readonly Setting<string>[] = [fromRandom];

export const pretrainedStart: Configuration = { ...configuration('full', 'pretrained'), name: 'pretrained' };
export const randomStart: Configuration = { ...pretrainedStart, name: 'random', label: 'from random weights' };

/** Pretraining against none, each trained whole at a rate of its own. */
export const startStudy: Declared = declared('voice-start', (tier) => {
  const runs = ({ block, configurations }: Setting<string>, key: string): ReturnType<typeof runsOf> =>
    runsOf(block, configurations()[key] as Configuration, tier);
  return {
    title: 'Data to text from pretrained and from random weights',
    source: 'Lin et al. 2020',
    rows: ['C9'],
    notebook: 'notebooks/11-one-model-five-voices.ipynb',
    minutes: 0.6,
    reference: 'pretrained',
    variants: [
      { name: 'pretrained', label: 'full fine-tuning of the base', runs: runs(actsVoice, 'full') },
      { name: 'random', label: 'the same network from random weights', runs: runs(fromRandom, 'scratch') },
    ],
  };
});

/**
 * The headline on a model that is really pretrained: full fine-tuning against VLM with the paper's bottlenecks and
 * learning rates, short runs of three seeds. Too few seeds for a verdict, and no rate is tuned: a look.
 */
const headlines: readonly (readonly [voice: Voice, r: number, rates: readonly [full: number, vlm: number]])[] = [
  [talk, 75, [6.25e-5, 1e-3]],
  [german, 225, [6.25e-5, 5e-4]],
  [summary, 75, [8e-5, 5e-4]],
  [stories, 225, [6.25e-5, 5e-4]],
  [acts, 8, [5e-5, 5e-3]],
];

/** By r over width: 8, 75 and 225 at 576 are the paper's 10, 100 and 300 at 768. */
export const headlineStudies: readonly Declared[] = headlines.map(([voice, r, rates]) => {
  const name = `voice-${voice.task}-smollm2`;
  const sized = { ...voice, maxLength: Math.min(voice.maxLength, 96), target: 96 };
  const block: Block = {
    ...{ name, task: voice.task, model: 'smollm2-135m', tuning: name, familyOf: (method) => method },
    seeds: { quick: [1], full: [1, 2, 3] },
    training: {
      quick: training(sized, { examples: 32, validation: 8, test: 8, decoded: 4 }),
      full: { ...training(sized, { examples: 384, validation: 32, test: 64, decoded: 16 }), precision: 'bfloat16' },
    },
  };
  const methods = [embedded('full', voice.n), embedded(`vlm:r=${r}`, voice.n)];
  return declared(name, (tier) => ({
    title: `${voice.task} on SmolLM2-135M, full fine-tuning against VLM`,
    source: 'Lin et al. 2020',
    rows: [],
    notebook: 'notebooks/11-one-model-five-voices.ipynb',
    minutes: 3,
    reference: methods[0] as string,
    variants: methods.map((method, i) => {
      const config = configuration(method, i === 0 ? 'full fine-tuning' : `VLM r=${r}`);
      return variantOf({ ...config, change: { learningRate: rates[i] as number } }, [block], tier);
    }),
  }));
});
