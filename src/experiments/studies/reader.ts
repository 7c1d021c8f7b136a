import { firstExamples } from '../../tasks/shipped/verse-questions';
import { changed, configuration, variantOf, type Block, type Configuration } from './block';
import { one, setting, type Setting, type Tried } from './setting';
import { declared, type Declared } from './study';

/*
 * Frozen readers of retrieved passages (Levine et al. 2022, section on open-domain questions). Readers are trained on
 * four re-ranked passages; each run is scored under every arm of the task, so that order, number of passages and
 * retriever cost no training of their own.
 */

const about = { source: 'Levine et al. 2022', notebook: 'notebooks/12-standing-on-frozen-shoulders.ipynb' } as const;

type Key = 'full' | 'prompt';

const configurations: Readonly<Record<Key, Tried>> = {
  full: { label: 'full fine-tuning', methods: one('full'), printed: '' },
  prompt: { label: 'prompt tuning l=20', methods: one('prompt:l=20'), printed: '' },
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
    target: { maxLength: 12, decoded, beams: 1, lengthPenalty: 1, minLength: 1, noRepeatNgram: 0 },
  };
}

const quick = training({ examples: 16, batch: 8, validation: 8, test: 16, decoded: 4 });

/** The project's own model as a reader, tuned, with full fine-tuning as the reader that is not frozen. */
export const reading: Setting<Key> = setting({
  ...about,
  name: 'frozen-reader',
  title: 'Readers of retrieved passages: frozen with a trained prompt, and fine-tuned',
  rows: ['D6', 'D7', 'D8', 'D10'],
  minutes: 3,
  task: 'verse-questions',
  model: 'petl-mini-lm',
  seeds: { quick: [1], full: [1, 2, 3, 4, 5] },
  training: { quick, full: training({ examples: 640, batch: 8, validation: 64, test: 'all', decoded: 80 }) },
  validation: [64, 64],
  configurations,
});

/** A model as it is: two steps at a rate far below what its numbers can hold, of a change that begins at nothing. */
export function asItIs({ training: { full } }: Pick<Block, 'training'>): Configuration {
  const base = configuration('lora:r=1', 'the model as it is');
  return { ...changed(base, { learningRate: 1e-30, examples: 2 * (full.batch ?? 8) }, 'untrained'), label: base.label };
}

/** D6 to D8 and D10: the tuned readers beside the model as it is. */
export const readers: Declared = declared('frozen-readers', (tier) => {
  const { block } = reading;
  const { prompt, full } = reading.configurations();
  const untrained = variantOf(asItIs(block), [{ ...block, seeds: { quick: [1], full: [1] } }], tier);
  return {
    ...about,
    title: 'Frozen readers: order, number and source of the passages; zero-shot, few-shot and trained',
    rows: ['D6', 'D7', 'D8', 'D10'],
    minutes: 3,
    variants: [...[full, prompt].map((config) => variantOf(config, [block], tier)), untrained],
  };
});

const headline: Block = {
  ...{ name: 'frozen-reader-smollm2', task: 'verse-questions', model: 'smollm2-135m', tuning: 'frozen-reader-smollm2' },
  familyOf: (method) => method,
  seeds: { quick: [1], full: [1, 2, 3] },
  training: { quick, full: training({ examples: 192, batch: 8, validation: 16, test: firstExamples, decoded: 80 }) },
};

/** What the headline compares: SmolLM2 with a prompt at a rate that nobody tuned, as it is, and a small tuned reader. */
export function headlineReaders(): Readonly<Record<'prompt' | 'untrained' | 'small', Configuration>> {
  return {
    prompt: changed(configuration('prompt:l=20', 'SmolLM2, prompt l=20'), { learningRate: 5e-3 }, 'SmolLM2'),
    untrained: { ...asItIs(headline), label: 'SmolLM2 as it is' },
    small: { ...changed(reading.configurations().full, { examples: 640 }, 'small'), label: 'petl-mini-lm, fine-tuned' },
  };
}

/** D9, and D10 on a model that is really pretrained: a look with three seeds. */
export const readerHeadline: Declared = declared(headline.name, (tier) => {
  const { prompt, untrained, small } = headlineReaders();
  const own: Block = { ...headline, model: reading.block.model, tuning: reading.block.name };
  return {
    ...about,
    title: 'SmolLM2-135M as a frozen reader beside a small fine-tuned one',
    rows: ['D9', 'D10'],
    minutes: 5,
    reference: prompt.name,
    variants: [
      variantOf(prompt, [headline], tier),
      variantOf(untrained, [{ ...headline, seeds: { quick: [1], full: [1] } }], tier),
      variantOf(small, [{ ...own, familyOf: reading.block.familyOf }], tier),
    ],
  };
});
