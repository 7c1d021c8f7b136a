import type { Stage } from '../../training/job';
import { tunedRate } from '../tuning/tuned';
import { changed, configuration, greedily, variantOf, type Block, type Configuration } from './block';
import { one, setting, type Setting, type Tried } from './setting';
import { declared, type Declared } from './study';

/*
 * Two passes through one frozen model (Levine et al. 2022, sections on recursion): a connector between them, or answers
 * of the first that the second reads; on a closed-book question with an answer of one word.
 */

const notebook = 'notebooks/12-standing-on-frozen-shoulders.ipynb';
const source = 'Levine et al. 2022';
const name = 'closed-book';
const task = 'gloss-field';
const examples = 1920;

const prompt = 'prompt:l=20';
const connected = `${prompt}+twice:r=64`;
const kept = `${connected},words=kept`;

/** Language modelling before the task, at one rate for both methods. */
const pretrained = (method: string): Stage => ({
  ...{ method, task: 'running-text', examples: 1600, epochs: 1, learningRate: 3e-3, target: 48 },
  gives: { kind: 'tensors' },
});
/** Answers of a prompt that was tuned as the single pass is. */
const answersOf = (count: number): Stage => ({
  ...{ method: prompt, task, examples, epochs: 1, learningRate: tunedRate(name, 'prompt'), target: 8 },
  gives: { kind: 'answers', count, temperature: 1 },
});

/** The first word says where a rate is looked for. */
type Key = 'full' | 'prompt' | 'prompt:pretrained' | 'prompt:textual' | 'twice' | 'twice:pretrained' | 'twice:kept';

/** Candidates that the textual second pass reads in the main setting. */
const candidates = 4;

const configurations = (): Readonly<Record<Key, Tried>> => ({
  full: { label: 'full fine-tuning', methods: one('full'), printed: '' },
  prompt: { label: 'one pass, prompt l=20', methods: one(prompt), printed: '' },
  twice: { label: 'two passes, random connector r=64', methods: one(connected), printed: '' },
  'twice:kept': { label: 'two passes, the second reads the words too', methods: one(kept), printed: '' },
  'twice:pretrained': {
    ...{ label: 'two passes, pretrained connector', methods: one(connected), printed: '' },
    ...{ what: 'pretrained', change: { before: pretrained(connected) } },
  },
  'prompt:pretrained': {
    ...{ label: 'one pass, pretrained prompt', methods: one(prompt), printed: '' },
    ...{ what: 'pretrained', change: { before: pretrained(prompt) } },
  },
  'prompt:textual': {
    ...{ label: `two passes by text, ${candidates} candidates`, methods: one(prompt), printed: '' },
    ...{ what: `reads ${candidates} answers`, change: { before: answersOf(candidates) } },
  },
});

function training(
  count: number,
  { validation, test, decoded }: { readonly validation: number; readonly test: number; readonly decoded: number },
  target = 8,
): Block['training']['full'] {
  return {
    examples: count,
    epochs: 1,
    batch: 16,
    maxLength: 64,
    dropout: 0,
    schedule: { kind: 'linear', warmup: 0.06 },
    scored: { validation, test },
    evaluations: 2,
    target: greedily(target, decoded),
  };
}

/** 120 steps of 16 questions. */
export const closedBook: Setting<Key> = setting({
  name,
  title: 'One frozen model twice: a connector between two passes, or answers that the second reads',
  source,
  rows: ['D11', 'D13', 'D14', 'D15'],
  notebook,
  minutes: 0.6,
  task,
  model: 'petl-mini-lm',
  seeds: { quick: [1], full: [1, 2, 3, 4, 5] },
  training: {
    quick: training(32, { validation: 16, test: 16, decoded: 4 }),
    full: training(examples, { validation: 200, test: 600, decoded: 100 }),
  },
  validation: [100, 200],
  configurations: configurations(),
});

/** How many answers the second pass reads. */
const counts = [1, 4, 8] as const;

/** The second pass with each number of answers, at the rate of the main setting's; the last has the most. */
export function readingMore(): readonly { readonly count: number; readonly configuration: Configuration }[] {
  const { 'prompt:textual': textual } = closedBook.configurations();
  return counts.map((count) => {
    if (count === candidates) return { count, configuration: textual };
    const change = { ...textual.change, before: answersOf(count) };
    const label = `two passes by text, ${count} ${count === 1 ? 'candidate' : 'candidates'}`;
    return { count, configuration: { ...changed(textual, change, `reads ${count} answers`), label } };
  });
}

/** D12: from one answer to eight, beside one pass and the share of questions whose answer is among them. */
export const manyAnswers: Declared = declared('closed-book-answers', (tier) => ({
  title: 'How many answers of the first pass the second reads',
  source,
  rows: ['D12'],
  notebook,
  minutes: 0.8,
  reference: prompt,
  variants: [closedBook.configurations().prompt, ...readingMore().map(({ configuration: one }) => one)].map((config) =>
    variantOf(config, [closedBook.block], tier),
  ),
}));

/** Plain language modelling, and an unrelated task; most tokens of a target. */
const others = { 'running-text': 48, 'acts-to-text': 64 } as const;
export const elsewhere: readonly string[] = Object.keys(others);

/** What was trained for the closed-book task before the model is scored elsewhere: nothing, a module, the model. */
type Forgetting = 'before' | 'module' | 'full';

/** Nothing is learned: one step at a rate below what float32 can add to a weight. */
const atRest = { learningRate: 1e-30, examples: 16, evaluations: 0 } as const;

/** The frozen model as it is; after two prompts and a connector were trained on it and are off; after full fine-tuning. */
export function forgotten(): Readonly<Record<Forgetting, Configuration>> {
  const plain = configuration('full', 'as it is');
  const after = (method: string, what: string, label: string): Configuration => {
    const learningRate = tunedRate(name, method === 'full' ? 'full' : 'twice');
    const before: Stage = { method, task, examples, epochs: 1, learningRate, target: 8, gives: { kind: 'tensors' } };
    return { ...changed(plain, { ...atRest, before }, what), label };
  };
  return {
    before: { ...changed(plain, atRest, 'as it is'), label: 'as it is' },
    module: after(connected, 'prompts and connector trained, then off', 'after prompts and connector, off'),
    full: after('full', 'fine-tuned for another task', 'after full fine-tuning for another task'),
  };
}

const forgettingBlocks: readonly Block[] = Object.entries(others).map(([other, target]) => ({
  ...closedBook.block,
  ...{ name: 'nothing-forgotten', task: other },
  training: {
    quick: training(16, { validation: 0, test: 16, decoded: 0 }, target),
    full: training(16, { validation: 0, test: 500, decoded: 0 }, target),
  },
}));

/** D17: perplexity and an unrelated task after training for the closed-book task. */
export const nothingForgotten: Declared = declared('nothing-forgotten', (tier) => ({
  title: 'What a model keeps: perplexity and an unrelated task after training for a third',
  source,
  rows: ['D17'],
  notebook,
  minutes: 0.5,
  variants: Object.values(forgotten()).map((config) => variantOf(config, forgettingBlocks, tier)),
}));

/** 120 steps of 8 questions, with short prompts: on a large model their slots cost as much as the question. */
export const largeBook: Setting<'prompt' | 'twice'> = setting({
  name: 'closed-book-smollm2',
  title: 'SmolLM2-135M twice: a connector between two passes',
  source,
  rows: ['D13'],
  notebook,
  minutes: 2,
  task,
  model: 'smollm2-135m',
  seeds: { quick: [1], full: [1, 2, 3] },
  training: {
    quick: { ...training(16, { validation: 8, test: 8, decoded: 4 }), batch: 8 },
    full: { ...training(960, { validation: 48, test: 150, decoded: 48 }), batch: 8 },
  },
  validation: [48, 48],
  configurations: {
    prompt: { label: 'SmolLM2-135M, one pass', methods: one('prompt:l=8'), printed: '' },
    twice: { label: 'SmolLM2-135M, two passes', methods: one('prompt:l=8+twice:r=64,words=kept'), printed: '' },
  },
});

/**
 * The small model's questions: as many operations as the large one's 960 in one pass, which has 19 times the weights; so
 * half as many where they are read twice. The time that they took is measured.
 */
const asMany = { twice: { examples: 4800, epochs: 2 }, once: { examples: 9200, epochs: 2 } } as const;

export type Sized = 'large' | 'largeTwice' | 'smallTwice' | 'smallOnce';

export function sizedConfigurations(): Readonly<Record<Sized, Configuration>> {
  const small = (
    key: 'twice:kept' | 'prompt',
    label: string,
    count: (typeof asMany)[keyof typeof asMany],
  ): Configuration => {
    const plain = configuration(key === 'prompt' ? prompt : kept, label);
    return { ...changed(plain, { ...count, learningRate: tunedRate(name, key) }, 'petl-mini-lm'), label };
  };
  const { prompt: large, twice: largeTwice } = largeBook.configurations();
  return {
    large,
    largeTwice,
    smallTwice: small('twice:kept', 'petl-mini-lm, two passes, more questions', asMany.twice),
    smallOnce: small('prompt', 'petl-mini-lm, one pass, more questions', asMany.once),
  };
}

/** D16: a large model once and twice, a small one twice and once on more questions. */
export const twiceOrLarge: Declared = declared('twice-or-large', (tier) => {
  const { seeds, training: own } = largeBook.block;
  const scored = { scored: own.full.scored, target: own.full.target } as const;
  const full = { ...closedBook.block.training.full, ...scored };
  const block: Block = { ...closedBook.block, name: 'twice-or-large', seeds, training: { quick: own.quick, full } };
  const { large, largeTwice, ...small } = sizedConfigurations();
  return {
    title: 'Two passes of a small model or one of a large one',
    source,
    rows: ['D16'],
    notebook,
    minutes: 2,
    reference: large.name,
    variants: [
      ...[large, largeTwice].map((config) => variantOf(config, [largeBook.block], tier)),
      ...Object.values(small).map((config) => {
        const change = tier === 'full' ? config.change : { ...config.change, examples: 16, epochs: 1 };
        return variantOf({ ...config, change }, [block], tier);
      }),
    ],
  };
});
