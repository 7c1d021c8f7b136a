import { changed, configuration, greedily, variantOf, type Block, type Configuration } from './block';
import { one, setting, type Setting, type Tried } from './setting';
import { declared, type Declared } from './study';

/*
 * Prompts written from the input, on eight tasks at once (Levine et al. 2022, section 2): one setting on petl-mini-lm,
 * each configuration tuned on its own, and studies that change one thing of it.
 */

const notebook = 'notebooks/12-standing-on-frozen-shoulders.ipynb';
const source = 'Levine et al. 2022';

const minilm = 'encoder=model,name=minilm-l6,e=384';
/** What reads with MiniLM, at the usual size. */
const idPrompt = `id-prompt:l=20,${minilm}`;

type Key = 'full' | 'prompt' | 'written' | 'shuffled' | 'constant' | 'own' | 'seq2seq' | 'narrow' | 'short';

const configurations: Readonly<Record<Key, Tried>> = {
  full: { label: 'multi-task full fine-tuning', methods: one('full'), printed: 'full' },
  prompt: { label: 'prompt tuning l=20', methods: one('prompt:l=20'), printed: 'prompt' },
  written: { label: 'ID-PT l=20, reads with MiniLM', methods: one(idPrompt), printed: 'id-prompt' },
  shuffled: { label: 'ID-PT, another input', methods: one(`${idPrompt},source=shuffled`), printed: '' },
  constant: { label: 'ID-PT, always the same input', methods: one(`${idPrompt},source=constant`), printed: '' },
  own: { label: 'ID-PT, reads with its own two lowest layers', methods: one('id-prompt:l=20'), printed: '' },
  seq2seq: {
    label: 'ID-PT, reads with the seq2seq base',
    methods: one('id-prompt:l=20,encoder=model,name=petl-mini-seq2seq,e=256'),
    printed: '',
  },
  narrow: { label: 'ID-PT q=32', methods: one(`id-prompt:l=20,q=32,${minilm}`), printed: '' },
  short: { label: 'ID-PT l=5', methods: one(`id-prompt:l=5,${minilm}`), printed: '' },
};

function training(
  examples: number,
  { validation, test, decoded }: { readonly validation: number; readonly test: number; readonly decoded: number },
): Block['training']['full'] {
  return {
    examples,
    epochs: 1,
    batch: 16,
    maxLength: 80,
    dropout: 0,
    schedule: { kind: 'linear', warmup: 0.06 },
    scored: { validation, test },
    evaluations: 2,
    target: greedily(64, decoded),
  };
}

/** 100 steps of 16, drawn at temperature 2; scored on 60 test examples of each task. */
export const manyAtOnce: Setting<Key> = setting({
  name: 'eight-tasks',
  title: 'Eight tasks at once: prompts, prompts written from the input, and full fine-tuning',
  source,
  rows: ['D1', 'D3', 'D4'],
  notebook,
  minutes: 2,
  task: 'eight-tasks',
  model: 'petl-mini-lm',
  seeds: { quick: [1], full: [1, 2, 3, 4, 5] },
  training: {
    quick: training(32, { validation: 16, test: 16, decoded: 4 }),
    full: training(1600, { validation: 160, test: 480, decoded: 96 }),
  },
  validation: [80, 160],
  configurations,
});

/** Parts of the training data, and how often they are gone through, so that every run has as many steps. */
const fractions = [
  [0.1, 10],
  [0.25, 4],
  [0.5, 2],
] as const;

export interface Fraction {
  readonly share: number;
  readonly configuration: Configuration;
}

/** ID-PT on a part of the data, the whole of it last. */
export function fractionsOf(written: Configuration, examples: number): readonly Fraction[] {
  const parts = fractions.map(([share, epochs]): Fraction => {
    const change = { examples: Math.round(share * examples), epochs };
    return { share, configuration: changed(written, change, `${100 * share}% of the data`) };
  });
  return [...parts, { share: 1, configuration: written }];
}

/** D2: from a tenth of the training data to all of it, the same steps and rate, beside full fine-tuning on all. */
export const dataFractions: Declared = declared('eight-tasks-data', (tier) => {
  const { full, written } = manyAtOnce.configurations();
  const examples = manyAtOnce.block.training[tier].examples as number;
  const all = [full, ...fractionsOf(written, examples).map((fraction) => fraction.configuration)];
  return {
    title: 'Prompts written from the input on parts of the training data',
    source,
    rows: ['D2'],
    notebook,
    minutes: 2,
    variants: all.map((config) => variantOf(config, [manyAtOnce.block], tier)),
  };
});

/**
 * The headline on a model that is really pretrained, beside full fine-tuning of it and of a smaller one: short runs of
 * three seeds at rates that nobody tuned. A look, and what the generator adds in time where it is a small share of the
 * model. Two models' tokens are not the same: across them only texts compare.
 */
export const manyHeadline: Declared = declared('eight-tasks-smollm2', (tier) => {
  const sized = {
    quick: training(32, { validation: 8, test: 8, decoded: 4 }),
    full: training(384, { validation: 32, test: 96, decoded: 16 }),
  };
  const block: Block = {
    ...{ name: 'eight-tasks-smollm2', task: 'eight-tasks', model: 'smollm2-135m', tuning: 'eight-tasks-smollm2' },
    familyOf: (method) => method,
    seeds: { quick: [1], full: [1, 2, 3] },
    training: { quick: sized.quick, full: { ...sized.full, precision: 'bfloat16' } },
  };
  const rows = [
    ['prompt:l=20', 'prompt tuning l=20', 5e-3],
    [idPrompt, 'ID-PT l=20, reads with MiniLM', 1e-3],
    [`${idPrompt},source=shuffled`, 'ID-PT, another input', 1e-3],
    ['full', 'multi-task full fine-tuning', 1e-4],
  ] as const;
  const small: Block = { ...block, name: 'eight-tasks-smollm2-smaller', model: 'petl-mini-lm' };
  const whole = configuration('full', 'multi-task full fine-tuning');
  return {
    title: 'Eight tasks at once on SmolLM2-135M',
    source,
    rows: ['D5'],
    notebook,
    minutes: 3,
    reference: 'prompt:l=20',
    variants: [
      ...rows.map(([method, label, learningRate]) =>
        variantOf({ ...configuration(method, label), change: { learningRate } }, [block], tier),
      ),
      variantOf(changed(whole, { learningRate: 3e-4 }, 'of petl-mini-lm'), [small], tier),
    ],
  };
});
