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

/** Short prompts: on a large model their slots cost as much as the question. */
const shortPrompt = 'prompt:l=8';
const shortTwice = `${shortPrompt}+twice:r=64,words=kept`;
/** Questions of the small model for each of the large one's, so that training takes both about as long. */
const asMany = { large: 240, smallTwice: 4800, smallOnce: 8400 } as const;

export type Sized = 'large' | 'largeTwice' | 'smallTwice' | 'smallOnce';

/** On SmolLM2 at rates that nobody tuned: a look; and the small model, for as long, at its own. */
export function sizedConfigurations(): Readonly<Record<Sized, Configuration>> {
  const on = (method: string, label: string, what: string, change: Configuration['change']): Configuration => ({
    ...changed(configuration(method, label), change, what),
    label,
  });
  const small = (key: 'twice:kept' | 'prompt', count: number): Configuration['change'] => ({
    ...{ examples: count, batch: 16, learningRate: tunedRate(name, key) },
  });
  const { large, smallTwice, smallOnce } = asMany;
  return {
    large: on(shortPrompt, 'SmolLM2-135M, one pass', 'SmolLM2', { learningRate: 5e-3, examples: large }),
    largeTwice: on(shortTwice, 'SmolLM2-135M, two passes', 'SmolLM2', { learningRate: 2e-3, examples: large }),
    smallTwice: on(kept, 'petl-mini-lm, two passes, as long', 'petl-mini-lm', small('twice:kept', smallTwice)),
    smallOnce: on(prompt, 'petl-mini-lm, one pass, as long', 'petl-mini-lm', small('prompt', smallOnce)),
  };
}

/** D16, and the headline of D13: a large model once and twice, a small one twice and once for as long. */
export const twiceOrLarge: Declared = declared('closed-book-smollm2', (tier) => {
  const block: Block = {
    ...closedBook.block,
    ...{ name: 'closed-book-smollm2', model: 'smollm2-135m', seeds: { quick: [1], full: [1, 2, 3] } },
    training: {
      quick: training(16, { validation: 8, test: 8, decoded: 4 }),
      full: { ...training(240, { validation: 48, test: 150, decoded: 48 }), batch: 8 },
    },
  };
  const small: Block = { ...block, model: 'petl-mini-lm' };
  const all = sizedConfigurations();
  const variant = (key: Sized, on: Block): ReturnType<typeof variantOf> =>
    variantOf(tier === 'full' ? all[key] : { ...all[key], change: { ...all[key].change, examples: 16 } }, [on], tier);
  return {
    title: 'Two passes of a small model or one of a large one, trained for as long',
    source,
    rows: ['D13', 'D16'],
    notebook,
    minutes: 3,
    reference: shortPrompt,
    variants: [
      ...(['large', 'largeTwice'] as const).map((key) => variant(key, block)),
      ...(['smallTwice', 'smallOnce'] as const).map((key) => variant(key, small)),
    ],
  };
});
