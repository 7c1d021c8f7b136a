import { runSpec } from '../store/spec';
import { setting, one, type Setting } from './setting';
import type { Tunable } from './study';
import { training } from './voices';

const about = {
  title: 'Five voices learned by one joint run',
  source: 'Lin et al. 2020',
  rows: ['C13'],
  notebook: 'notebooks/11-one-model-five-voices.ipynb',
  minutes: 4,
} as const;

/** The longest of the five: a story. */
const sized = { maxLength: 160, target: 96 };

const whole = setting({
  ...about,
  ...{ name: 'voice-together', task: 'five-voices', model: 'petl-mini-lm' },
  seeds: { quick: [1], full: [1, 2, 3] },
  training: {
    quick: training(sized, { examples: 32, validation: 10, test: 10, decoded: 5 }),
    full: training(sized, { examples: 12_800, validation: 250, test: 500, decoded: 100 }),
  },
  validation: [250, 250],
  configurations: {
    full: { label: 'full fine-tuning on all five', methods: one('full+segments:n=3'), printed: '' },
    vlm: { label: 'one VLM r=269 on all five', methods: one('vlm:r=269+segments:n=3'), printed: '' },
  },
});

/**
 * One run on all five tasks at once, as many steps as the five apart have; the one adapter is as large as their five
 * together. Three seeds and rates of an eighth of the length: shown beside the runs apart, and nothing is judged by it.
 */
export const together: Setting<'full' | 'vlm'> = { ...whole, tunable: shortTrials };

function shortTrials(): Tunable {
  const { name, task, model, training: sizes } = whole.block;
  const families = Object.entries(whole.configurations()).map(([key, { label, method }]) => ({
    name: key,
    label,
    base: runSpec({ study: name, method, model, task, tier: 'full', training: { ...sizes.full, examples: 1600 } }),
  }));
  return { name, families };
}
