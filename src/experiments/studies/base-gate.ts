import { taskNamed } from '../../tasks/registry';
import { runSpec, type Tier } from '../store/spec';
import { tunedRate } from '../tuning/tuned';
import { runsOf, type Block } from './block';
import { synopsisBlock, translationBlock } from './blocks';
import { full } from './generation';
import { settings } from './settings';
import { declared, type Declared, type Tunable, type Variant } from './study';

const gate = 'base-gate';

/** The same network before any training. */
export const randomOf = (model: string): string => `${model}-random`;

/** A network from random weights is no base, and tasks with labels have a gate of their own. */
const isOfBase = ({ model, task }: Block): boolean => !model.endsWith('-random') && taskNamed(task).writes !== null;

const blocks: readonly Block[] = [
  translationBlock,
  synopsisBlock,
  ...settings.map(({ block }) => block).filter(isOfBase),
];

/** What training from random weights is tuned under; rates of a pretrained model would be unfair to it. */
export const randomFamily = (block: string): string => `random weights on ${block}`;

/**
 * Whether a base is worth adapting: full fine-tuning of it against the base as it is, the same network from random
 * weights, and answers without a model. A setting that fails is a floor: no study may rest on it.
 */
export const baseGate: Declared = declared(gate, (tier) => {
  const variants: readonly Variant[] = [
    { name: 'base', label: 'full fine-tuning of the base', runs: blocks.flatMap((block) => runsOf(block, full, tier)) },
    {
      name: 'random',
      label: 'the same network from random weights',
      runs: blocks.flatMap((block) => fromRandom(block, tier)),
    },
    { name: 'untuned', label: 'the base as it is', runs: blocks.flatMap((block) => untuned(block, tier)) },
  ];
  return {
    title:
      'Is a base worth adapting: full fine-tuning against the base as it is, random weights and answers without a model',
    source: 'the gate of the base model',
    rows: [],
    notebook: 'notebooks/04-existing-methods-and-budgets.ipynb',
    variants,
  };
});

function fromRandom(block: Block, tier: Tier): Variant['runs'] {
  const learningRate = tunedRate(gate, randomFamily(block.name));
  return runsOf({ ...block, name: gate, model: randomOf(block.model) }, { ...full, change: { learningRate } }, tier);
}

/** One step at a rate far below what float32 can add to a weight. */
function untuned(block: Block, tier: Tier): Variant['runs'] {
  const change = { learningRate: 1e-30, examples: block.training[tier].batch ?? 1, evaluations: 0 };
  return runsOf({ ...block, name: gate }, { ...full, change }, tier).slice(0, 1);
}

/** About 120 steps of 16, for each setting. */
export function gateTunable(): Tunable {
  const families = blocks.map(({ name, model, task, training }) => ({
    name: randomFamily(name),
    label: `random weights, ${name}`,
    base: runSpec({
      study: gate,
      method: full.method,
      model: randomOf(model),
      task,
      tier: 'quick',
      training: { ...training.full, examples: 1920, epochs: 1 },
    }),
  }));
  return { name: gate, families };
}
