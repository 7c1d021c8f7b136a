import { parseMethod, printMethod } from '../../petl/design/written';
import { teacherId } from '../../tasks/teacher';
import type { TargetSettings, TrainingSettings } from '../../training/job';
import { runSpec, type RunSpec, type Tier } from '../store/spec';
import { tunedRate } from '../tuning/tuned';
import type { Variant } from './study';

/**
 * One task with one model and one recipe: data order, steps, seeds and tuning are the same for everything that runs in
 * it. Studies show
 * runs of blocks and own none, so that a run which serves five findings trains once. Results stand in
 * `results/<name>/`.
 */
export interface Block {
  readonly name: string;
  readonly task: string;
  readonly model: string;
  readonly training: Readonly<Record<Tier, Partial<TrainingSettings>>>;
  readonly seeds: Readonly<Record<Tier, readonly number[]>>;
  /** How many seeds of the full tier a method has where those were too few to see what a paper prints. */
  readonly more?: Readonly<Record<string, number>>;
  /** `data/tuning/<tuning>.json` holds the learning rates. */
  readonly tuning: string;
  /** Written form of its full fine-tuning, where that is not `full` alone. */
  readonly whole?: string;
  /** Name of the teacher whose texts stand in place of the training targets. */
  readonly teacher?: string;
  /** Methods that share a learning rate. */
  readonly familyOf: (method: string) => string;
}

/** What varies inside a block: a method, or a method and some settings. */
export interface Configuration {
  /** Unique; the written form of the method unless settings are changed, too. */
  readonly name: string;
  readonly label: string;
  readonly method: string;
  readonly change: Partial<TrainingSettings>;
  /** Its row among the paper's numbers, by method at the paper's size or by label; none where it has no row. */
  readonly printed?: string;
}

/** A method under the block's own settings. */
export function configuration(written: string, label: string, printed?: string): Configuration {
  const method = printMethod(parseMethod(written));
  return { name: method, label, method, change: {}, ...(printed === undefined ? {} : { printed }) };
}

/** The same method under other settings; `what` says which. */
export function changed(
  { method, label }: Configuration,
  change: Partial<TrainingSettings>,
  what: string,
): Configuration {
  return { name: `${method}; ${what}`, label: `${label}, ${what}`, method, change };
}

/** Texts written greedily for the first `decoded` test examples, of at most `maxLength` tokens. */
export const greedily = (maxLength: number, decoded: number): TargetSettings => ({
  ...{ maxLength, decoded, beams: 1, lengthPenalty: 1, minLength: 1, noRepeatNgram: 0 },
});

/** The block's settings, with what its teacher has written by now. */
export function trainingOf(
  { training, teacher }: Pick<Block, 'training' | 'teacher'>,
  tier: Tier,
): Block['training'][Tier] {
  return teacher === undefined ? training[tier] : { ...training[tier], teacher: teacherId(teacher) };
}

/** One run for each seed. */
export function runsOf(block: Block, { method, change }: Configuration, tier: Tier): readonly RunSpec[] {
  const learningRate = tunedRate(block.tuning, block.familyOf(method));
  const base = { study: block.name, model: block.model, task: block.task, tier, method };
  const training = quickened({ ...trainingOf(block, tier), learningRate, ...change }, tier);
  const isPlain = tier === 'full' && Object.keys(change).length === 0;
  const wanted = isPlain ? (block.more?.[method] ?? 0) : 0;
  const upTo = Array.from({ length: wanted }, (_, i) => i + 1);
  return [...new Set([...block.seeds[tier], ...upTo])].map((seed) => runSpec({ ...base, seed, training }));
}

/** What is trained before a quick run is no longer than the run. */
function quickened(training: Partial<TrainingSettings>, tier: Tier): Partial<TrainingSettings> {
  const { before = null, examples } = training;
  if (tier === 'full' || before === null || typeof examples !== 'number') return training;
  return { ...training, before: { ...before, examples: Math.min(before.examples, examples) } };
}

/** A configuration with its runs in each of `blocks`. */
export function variantOf(config: Configuration, blocks: readonly Block[], tier: Tier): Variant {
  return { name: config.name, label: config.label, runs: blocks.flatMap((block) => runsOf(block, config, tier)) };
}
