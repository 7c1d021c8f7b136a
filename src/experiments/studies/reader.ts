import { asked } from '../../tasks/shipped/verse-questions';
import { changed, configuration, greedily, variantOf, type Block, type Configuration } from './block';
import { one, setting, type Setting, type Tried } from './setting';
import { declared, type Declared } from './study';

/*
 * Frozen readers of retrieved passages (Levine et al. 2022, section on open-domain questions). Readers are trained on
 * four re-ranked passages; each run is scored under every arm of the task, so that order, number of passages and
 * retriever cost no training of their own.
 */

const about = { source: 'Levine et al. 2022', notebook: 'notebooks/12-standing-on-frozen-shoulders.ipynb' } as const;

type Key = 'full' | 'prompt';

/** What the prompt starts from: random vectors take several times as long to tell the model what is wanted. */
const words = 'Read the passages and write the one name that is left out, nothing else.';

const configurations: Readonly<Record<Key, Tried>> = {
  full: {
    ...{ label: 'full fine-tuning', methods: one('full'), printed: '' },
    change: { scored: { validation: 64, test: asked } },
    what: 'the usual arm',
  },
  prompt: { label: 'prompt tuning l=20', methods: one(`prompt:l=20,text=${encodeURIComponent(words)}`), printed: '' },
};

interface Sizes {
  readonly examples: number;
  readonly batch: number;
  readonly validation: number;
  readonly test: number | 'all';
  readonly decoded: number;
}

function training({ examples, batch, validation, test, decoded }: Sizes): Block['training']['full'] {
  return {
    ...{ examples, epochs: 1, batch, maxLength: 470, dropout: 0, evaluations: 2, precision: 'bfloat16' },
    schedule: { kind: 'linear', warmup: 0.06 },
    scored: { validation, test },
    target: greedily(12, decoded),
  };
}

const quick = training({ examples: 16, batch: 8, validation: 8, test: 16, decoded: 4 });

/** The frozen model as a reader, tuned; full fine-tuning is there for the gate and takes most of the time. */
export const reading: Setting<Key> = setting({
  ...about,
  name: 'frozen-reader',
  title: 'SmolLM2-135M as a reader of retrieved passages: frozen with a trained prompt, and fine-tuned',
  rows: ['D6', 'D7', 'D8', 'D9', 'D10'],
  minutes: 7,
  task: 'verse-questions',
  model: 'smollm2-135m',
  seeds: { quick: [1], full: [1, 2, 3, 4, 5] },
  training: { quick, full: training({ examples: 512, batch: 8, validation: 64, test: 'all', decoded: asked }) },
  validation: [64, 64],
  configurations,
});

/** The frozen reader with its prompt, under a name that does not spell the prompt out. */
export function promptReader(): Configuration {
  return { ...reading.configurations().prompt, name: 'prompt:l=20 from words', label: 'SmolLM2, prompt l=20' };
}

/** A model as it is: two steps at a rate far below what its numbers can hold, of a change that begins at nothing. */
export function asItIs({ training: { full } }: Pick<Block, 'training'>): Configuration {
  const base = configuration('lora:r=1', 'SmolLM2 as it is');
  return { ...changed(base, { learningRate: 1e-30, examples: 2 * (full.batch ?? 8) }, 'untrained'), label: base.label };
}

/** The reader that is small and fine-tuned: the project's own model, which sees more examples, and each more often. */
export const smallReading: Setting<'full'> = setting({
  ...about,
  name: 'frozen-reader-small',
  title: 'petl-mini-lm as a reader of retrieved passages, fine-tuned',
  rows: ['D9'],
  minutes: 5,
  task: reading.block.task,
  model: 'petl-mini-lm',
  seeds: reading.block.seeds,
  training: { quick, full: { ...reading.block.training.full, examples: 640, epochs: 4 } },
  validation: [64, 64],
  configurations: { full: { label: 'petl-mini-lm, fine-tuned', methods: one('full'), printed: '' } },
});

export function smallReader(): Configuration {
  return { ...smallReading.configurations().full, name: 'full; petl-mini-lm' };
}

/** D6 to D10: the frozen reader with its prompt, as it is, and the small fine-tuned one, every one under every arm. */
export const readers: Declared = declared('frozen-readers', (tier) => {
  const { block } = reading;
  const once = { ...block, seeds: { quick: [1], full: [1] } };
  return {
    ...about,
    title:
      'Frozen readers: order, number and source of the passages; zero-shot, few-shot, trained; a small one fine-tuned',
    rows: ['D6', 'D7', 'D8', 'D9', 'D10'],
    minutes: 6,
    variants: [
      variantOf(promptReader(), [block], tier),
      variantOf(asItIs(block), [once], tier),
      variantOf(smallReader(), [smallReading.block], tier),
    ],
  };
});
