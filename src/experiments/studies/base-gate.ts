import { taskNamed } from '../../tasks/registry';
import type { TrainingSettings } from '../../training/job';
import { runSpec, type Tier } from '../store/spec';
import { tunedRate } from '../tuning/tuned';
import { configuration, runsOf, type Block, type Configuration } from './block';
import { synopsisBlock, translationBlock } from './blocks';
import { manyAtOnce } from './frozen';
import { full } from './generation';
import { reading, smallReading } from './reader';
import { closedBook } from './recursive';
import { gatedSettings } from './settings';
import { voices } from './voices';
import { declared, type Declared, type Tunable, type Variant } from './study';

const gate = 'base-gate';

/** The same network before any training. */
export const randomOf = (model: string): string => `${model}-random`;

/** Tasks with labels have a gate of their own. */
const isWritten = ({ task }: Block): boolean => taskNamed(task).writes !== null;

const blocks: readonly Block[] = [
  translationBlock,
  synopsisBlock,
  ...gatedSettings.map(({ block }) => judgedOf(block)).filter(isWritten),
];

/** What training from random weights is tuned under; rates of a pretrained model would be unfair to it. */
export const randomFamily = (block: string): string => `random weights on ${block}`;

/**
 * Whether a base is worth adapting: full fine-tuning of it against the base as it is, the same network from random
 * weights, and answers without a model. A setting that fails is a floor: no study may rest on it.
 */
export const baseGate: Declared = gateOf(gate, blocks);

/** The same runs for the five voices alone, which take no hour. */
export const voiceGate: Declared = gateOf(
  'voice-gate',
  voices.map(({ block }) => block),
);

/** And for readers of retrieved passages, the large and the small one. */
export const readerGate: Declared = gateOf(
  'reader-gate',
  [reading, smallReading].map(({ block }) => judgedOf(block)),
);

/** And for the mixture. */
export const mixtureGate: Declared = gateOf('eight-tasks-gate', [manyAtOnce.block]);

/** And for the closed-book task alone. */
export const closedBookGate: Declared = gateOf('closed-book-gate', [closedBook.block]);

/**
 * Of a task that asks each question under several arms, what the gate looks at: the first arm's questions, which texts
 * are kept of, with three seeds. A reader's run under every arm takes three times as long.
 */
function judgedOf(block: Block): Block {
  const { training, seeds } = block;
  const { scored, target = null } = training.full;
  if (taskNamed(block.task).placesOf === undefined || scored === undefined || target === null) return block;
  const full = { ...training.full, scored: { ...scored, test: target.decoded } };
  return { ...block, training: { ...training, full }, seeds: { ...seeds, full: seeds.full.slice(0, 3) } };
}

function gateOf(name: string, judged: readonly Block[]): Declared {
  return declared(name, (tier) => {
    const runs = (of: (block: Block, tier: Tier) => Variant['runs']): Variant['runs'] =>
      judged.flatMap((block) => of(block, tier));
    return {
      title:
        'Is a base worth adapting: full fine-tuning against the base as it is, random weights and answers without a model',
      source: 'the gate of the base model',
      rows: [],
      notebook: 'notebooks/04-existing-methods-and-budgets.ipynb',
      variants: [
        { name: 'base', label: 'full fine-tuning of the base', runs: runs(fromBase) },
        { name: 'random', label: 'the same network from random weights', runs: runs(fromRandom) },
        { name: 'untuned', label: 'the base as it is', runs: runs(untuned) },
      ],
    };
  });
}

const wholeOf = ({ whole }: Block): Configuration =>
  whole === undefined ? full : configuration(whole, 'full fine-tuning');

function fromBase(block: Block, tier: Tier): Variant['runs'] {
  return runsOf(block, wholeOf(block), tier);
}

/** Full fine-tuning of the same network from random weights, at its own rate. */
export function fromRandom(block: Block, tier: Tier): Variant['runs'] {
  const learningRate = tunedRate(gate, randomFamily(block.name));
  return runsOf(
    { ...block, name: gate, model: randomOf(block.model) },
    { ...wholeOf(block), change: { learningRate } },
    tier,
  );
}

/** One step at a rate far below what float32 can add to a weight. */
function untuned(block: Block, tier: Tier): Variant['runs'] {
  const change = { learningRate: 1e-30, examples: block.training[tier].batch ?? 1, evaluations: 0 };
  return runsOf({ ...block, name: gate }, { ...wholeOf(block), change }, tier).slice(0, 1);
}

/** About 120 steps of 16 for each setting, or as long as it trains. */
export function gateTunable(): Tunable {
  const tried = blocks.map((block) => ({ ...block, method: wholeOf(block).method }));
  const families = tried.map(({ name, model, task, training, method }) => ({
    name: randomFamily(name),
    label: `random weights, ${name}`,
    base: runSpec({
      study: gate,
      method,
      model: randomOf(model),
      task,
      tier: 'quick',
      training: { ...training.full, examples: atMost(1920, training.full.examples), epochs: 1 },
    }),
  }));
  return { name: gate, families };
}

function atMost(most: number, examples: TrainingSettings['examples'] | undefined): number {
  return typeof examples === 'number' ? Math.min(most, examples) : most;
}
