import { UserError } from '../errors';
import { mixSeeds, randomFrom, shuffled } from '../random';
import type { ClassificationExample, ClassificationTask } from './classification';
import type { GenerationExample, GenerationTask } from './generation';
import { textOf, type Piece } from './pieces';
import { examplesOf } from './pinned';
import { checkedSegments, type Segments } from './segments';
import type { Split } from './split';
import type { Example, Task, TaskData } from './task';

/**
 * Several tasks as one, each as text to text behind an instruction (Levine et al. 2022, section 2; Raffel et al. 2020,
 * section 3.5.2). The score is the mean of the tasks' scores, each as much as another.
 */
export interface MixtureTask extends Task<GenerationExample> {
  readonly kind: 'mixture';
  readonly metric: 'nll';
  /** Names of its tasks. */
  readonly parts: readonly string[];
  /** T: a task of n examples is drawn in proportion to n^(1/T). */
  readonly temperature: number;
  /** How every task's texts are read, where that is not as one segment. */
  readonly segments: Segments | null;
}

/** A task of a mixture. */
export interface MixedPart {
  readonly task: GenerationTask | ClassificationTask;
  /**
   * `{text}` and `{pair}` are where the example's texts go: they alone are cut where the whole does not fit. A task that
   * is read in turns keeps its end, any other its beginning.
   */
  readonly instruction: string;
  /** Words for the labels of a classification task, in their order; the labels themselves where left out. */
  readonly words?: readonly string[];
}

export interface MixtureFields {
  readonly name: string;
  readonly about: string;
  readonly parts: readonly MixedPart[];
  readonly temperature?: number;
  /** Most examples of each task, the first ones. */
  readonly most: Readonly<Record<Split, number>>;
  /** Characters of the longest target that is taken, longer ones being left out; any where left out. */
  readonly targetLength?: number;
  /** Tokens of the longest target, which is never cut; 64 where left out. */
  readonly targetTokens?: number;
  readonly segments?: Segments | null;
}

/** Stands between the task's name and the example's own id. */
const mark = '/';

/** The task that an example of a mixture is of. */
export function partOf({ id }: Example): string {
  return id.slice(0, id.indexOf(mark));
}

/**
 * One task of several. Examples stand so that the first n of them hold every task in proportion to its size.
 * @throws UserError for fewer than two tasks, one twice, a temperature that is not above 0, an instruction without its
 *   text
 */
export function mixture(fields: MixtureFields): MixtureTask {
  const { name, about, parts, temperature = 2, most, targetLength = Infinity, targetTokens = 64 } = fields;
  const segments = fields.segments ? checkedSegments(name, fields.segments) : null;
  const names = parts.map(({ task }) => task.name);
  if (names.length < 2 || new Set(names).size < names.length)
    throw new UserError(`mixture "${name}" has the tasks ${names.join(', ') || 'none'}: give at least two, each once`);
  if (!(temperature > 0 && Number.isFinite(temperature)))
    throw new UserError(`mixture "${name}" has temperature ${temperature}: give a number above 0`);
  const bare = parts.find(({ instruction }) => !instruction.includes('{text}'));
  if (bare !== undefined)
    throw new UserError(`mixture "${name}": the instruction of ${bare.task.name} has no {text}: say where it goes`);
  return {
    kind: 'mixture',
    name,
    about,
    packages: [...new Set(parts.flatMap(({ task }) => task.packages))],
    metric: 'nll',
    outputs: 0,
    writes: { tokens: targetTokens, score: 'rouge2' },
    print: null,
    own: null,
    parts: names,
    temperature,
    segments,
    load: async () =>
      mixed(
        await Promise.all(parts.map((part) => instructed(part, { most, targetLength, inPieces: segments === null }))),
      ),
  };
}

interface Taken extends Pick<MixtureFields, 'most'> {
  readonly targetLength: number;
  /** Texts that are read in segments are cut by these. */
  readonly inPieces: boolean;
}

async function instructed(part: MixedPart, taken: Taken): Promise<TaskData<GenerationExample>> {
  const { task, words } = part;
  const data = await examplesOf<GenerationExample | ClassificationExample>(task);
  const labels = words ?? ('labels' in task ? task.labels : []);
  const made = (split: Split): readonly GenerationExample[] =>
    data[split]
      .map((example) => ({ example, target: 'label' in example ? (labels[example.label] ?? '') : example.target }))
      .filter(({ target }) => target.length <= taken.targetLength)
      .slice(0, taken.most[split])
      .map(({ example, target }) => {
        const pieces = piecesOf(part, example);
        const id = `${task.name}${mark}${example.id}`;
        return { id, text: textOf(pieces), target, ...(taken.inPieces && { pieces }) };
      });
  return { train: made('train'), validation: made('validation'), test: made('test') };
}

/** The instruction with the example's texts in it. */
function piecesOf({ task, instruction }: MixedPart, example: Example): readonly Piece[] {
  const keeps = 'segments' in task && task.segments?.read === 'turns' ? 'end' : 'beginning';
  return instruction
    .split(/(\{(?:text|pair)\})/)
    .map((text): Piece => {
      if (text === '{text}') return { text: example.text, keeps };
      return text === '{pair}' ? { text: example.pair ?? '', keeps } : { text, keeps: 'all' };
    })
    .filter(({ text }) => text !== '');
}

/** Every task evenly spread over the whole. */
function mixed(all: readonly TaskData<GenerationExample>[]): TaskData<GenerationExample> {
  const spread = (split: Split): readonly GenerationExample[] =>
    all
      .flatMap((data, part) => data[split].map((example, i) => ({ example, at: (i + 0.5) / data[split].length, part })))
      .sort((a, b) => a.at - b.at || a.part - b.part)
      .map(({ example }) => example);
  return { train: spread('train'), validation: spread('validation'), test: spread('test') };
}

/**
 * As many draws as there are examples: each is of a task in proportion to n^(1/T), and of its examples the next in an
 * order of their own. Seed and epoch alone decide.
 */
export function drawMixture(
  examples: readonly Example[],
  temperature: number,
  { seed, epoch }: { readonly seed: number; readonly epoch: number },
): readonly number[] {
  const places = new Map<string, number[]>();
  examples.forEach((example, i) => {
    const own = places.get(partOf(example));
    if (own === undefined) places.set(partOf(example), [i]);
    else own.push(i);
  });
  const random = randomFrom(mixSeeds(seed, epoch, 0x6d6978));
  const parts = [...places.values()].map((own) => ({
    own,
    waiting: [] as number[],
    weight: own.length ** (1 / temperature),
  }));
  const total = parts.reduce((sum, { weight }) => sum + weight, 0);
  return examples.map(() => {
    let left = random() * total;
    const part = parts.find(({ weight }) => (left -= weight) < 0) ?? parts[parts.length - 1];
    if (part === undefined) throw new Error('a mixture without examples was drawn from');
    if (part.waiting.length === 0) part.waiting = shuffled(part.own, random);
    return part.waiting.pop() as number;
  });
}
