import { runSpec, type Tier } from '../store/spec';
import { tunedRate } from '../tuning/tuned';
import { runsOf, type Block } from './block';
import { synopsisBlock, translationBlock } from './blocks';
import { full } from './generation';
import { declared, type Declared, type Tunable, type Variant } from './study';

const gate = 'base-gate';

/** The same network before any training. */
export const randomModel = 'petl-mini-seq2seq-random';

const blocks: readonly Block[] = [translationBlock, synopsisBlock];

/** What training from random weights is tuned under; rates of a pretrained model would be unfair to it. */
export const randomFamily = (task: string): string => `random weights on ${task}`;

/**
 * Whether the base is worth adapting: full fine-tuning of it against the same network from random weights, and against
 * answers without
 * a model. A task that fails is a floor: no study may rest on it.
 */
export const baseGate: Declared = declared(gate, (tier) => {
  const variants: readonly Variant[] = [
    { name: 'base', label: 'full fine-tuning of the base', runs: blocks.flatMap((block) => runsOf(block, full, tier)) },
    {
      name: 'random',
      label: 'the same network from random weights',
      runs: blocks.flatMap((block) => fromRandom(block, tier)),
    },
  ];
  return {
    title: 'Is the base worth adapting: full fine-tuning against random weights and answers without a model',
    source: 'the gate of the base model',
    rows: [],
    notebook: 'notebooks/04-existing-methods-and-budgets.ipynb',
    variants,
  };
});

function fromRandom(block: Block, tier: Tier): Variant['runs'] {
  const learningRate = tunedRate(gate, randomFamily(block.task));
  return runsOf({ ...block, name: gate, model: randomModel }, { ...full, change: { learningRate } }, tier);
}

/** 120 steps of 16, as the pretrained model's rates are found. */
export function gateTunable(): Tunable {
  const families = blocks.map(({ task, training }) => ({
    name: randomFamily(task),
    label: `random weights, ${task}`,
    base: runSpec({
      study: gate,
      method: full.method,
      model: randomModel,
      task,
      tier: 'quick',
      training: { ...training.full, examples: 1920, epochs: 1 },
    }),
  }));
  return { name: gate, families };
}
