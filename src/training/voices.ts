import { join } from 'node:path';
import { tf } from '../engine/tf';
import { UserError } from '../errors';
import { Generator, type TextSegments } from '../model/generation/generate';
import { greedy } from '../model/generation/settings';
import { openModel } from '../model/open';
import { Bank } from '../petl/bank/bank';
import { loadDelta, readDeltaRecord } from '../petl/bank/store';
import { mixedTexts, type MixedTexts } from '../petl/bank/texts';
import { nearest } from '../petl/design/nearest';
import type { GenerationTask } from '../tasks/generation';
import { readKept, type Kept } from './kept';
import type { TrainingModel } from './kinds/kind';
import { oneStack } from './pairs/one-stack';
import { namesIn } from './bank-folder';
import { noTokenizer } from '../model/tokenizer-place';

/** A text to be answered under the adapter called `task`. */
export interface Request {
  readonly task: string;
  readonly text: string;
}

interface Opened {
  readonly model: TrainingModel;
  readonly bank: Bank;
  readonly mixed: MixedTexts;
  readonly generator: Generator;
}

/**
 * A bank's folder of adapters on one frozen decoder (`petl bank add`): one model that writes for all of their tasks, in
 * one batch. The model is loaded with the first request and stays until `dispose()`.
 */
export class Voices {
  readonly folder: string;
  /** The adapters, by the names of their folders. */
  readonly names: readonly string[];
  private readonly model: string;
  private opened: Opened | undefined;

  /** @param model in place of the base that the adapters were trained with; their weights are compared */
  constructor(folder: string, model?: string) {
    this.folder = folder;
    this.names = namesIn(folder);
    const [first = ''] = this.names;
    this.model = model ?? readDeltaRecord(join(folder, first)).base.name;
  }

  /** @returns the text for each request, in order @param onToken takes what is written, a token of a row at a time */
  async write(
    requests: readonly Request[],
    onToken?: (row: number, token: number) => void,
  ): Promise<readonly string[]> {
    if (requests.length === 0) throw new UserError('there is nothing to write for: give at least one text');
    for (const { task } of requests) this.demand(task);
    const { model, mixed, generator } = await this.open();
    const { tokenizer, special } = model;
    const kept = requests.map(({ task }) => readKept(join(this.folder, task)));
    const read = requests.map((request, i) => encoded(model, request.text, kept[i] as Kept));
    const most = kept.map(({ note: { training } }) => training.target?.maxLength ?? 1);
    const tensors = mixed.tensors(requests.map(({ task }) => task));
    try {
      const found = await generator.generate(
        read.map(({ ids }) => ids),
        {
          settings: { ...greedy, maxNewTokens: Math.max(...most), minNewTokens: 1 },
          special,
          segments: { read: read.map(({ types }) => types), written: read.map(({ answer }) => answer) },
          ...(onToken && { onToken }),
        },
        tensors,
      );
      return found.map(({ tokens }, i) => tokenizer.decode(tokens.slice(0, most[i])).trim());
    } finally {
      tensors['bank.owners']?.dispose();
    }
  }

  /** What turns tokens of a row into text as they come. */
  async decoder(): Promise<TrainingModel['tokenizer']> {
    return (await this.open()).model.tokenizer;
  }

  /** Frees the model, the adapters and the programs. */
  dispose(): void {
    if (this.opened === undefined) return;
    const { model, bank, generator } = this.opened;
    generator.dispose();
    bank.dispose();
    model.backbone.dispose();
    this.opened = undefined;
  }

  private demand(task: string): void {
    if (!this.names.includes(task))
      throw new UserError(
        `${this.folder} has no adapter "${task}"${nearest(task, this.names)}; there are ${this.names.join(', ')}`,
      );
  }

  private async open(): Promise<Opened> {
    if (this.opened !== undefined) return this.opened;
    const model = await openModel(this.model, 'float32');
    const { backbone, tokenizer } = model;
    const bank = new Bank(backbone.shape);
    try {
      if (tokenizer === undefined) throw noTokenizer(this.model);
      const base = { hash: await backbone.hash() };
      for (const name of this.names) {
        const { delta, head } = loadDelta(join(this.folder, name), backbone.shape, base);
        tf.dispose(head);
        bank.add(name, delta);
      }
      const mixed = mixedTexts(bank);
      const generator = new Generator(backbone, mixed.adaptation);
      return (this.opened = { model: { ...model, tokenizer }, bank, mixed, generator });
    } catch (error) {
      bank.dispose();
      backbone.dispose();
      throw error;
    }
  }
}

interface Read {
  readonly ids: ArrayLike<number>;
  readonly types: TextSegments['read'][number];
  readonly answer: number;
}

/** The text as the adapter's task reads it. */
function encoded(
  { name, backbone, tokenizer, special }: TrainingModel,
  text: string,
  { task, note: { training } }: Kept,
): Read {
  if (backbone.shape.encoderLayers > 0 || backbone.shape.decoderLayers === 0)
    throw new UserError(`model "${name}" is no decoder: voices write with one such as petl-mini-lm`);
  const { writes, segments } = task as GenerationTask;
  if (writes === null || training.target === null)
    throw new UserError(`task "${task.name}" writes no texts: ask for its labels with petl predict`);
  const limits = {
    ...{ source: training.maxLength, target: training.target.maxLength, end: special.end, segments },
    wholeTargets: true,
    room: { source: Infinity, target: Infinity },
  };
  const found = oneStack(tokenizer, limits, 0).sources([{ id: 'text', text, target: ' ' }]);
  return { ids: found.ids[0] ?? [], types: found.segments?.read[0] ?? [], answer: found.segments?.written[0] ?? 0 };
}
