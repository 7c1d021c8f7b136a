import type { Tensors } from '../engine/tf';
import { disposeTree } from '../engine/tree';
import { makeFolder } from '../files';
import type { Tokenizer } from '../model/tokenizer';
import { loadDelta } from '../petl/bank/store';
import { cutsOf, type Cut } from '../tasks/cuts';
import type { TrainingJob } from './job';
import type { Prediction, Reading } from './kinds/kind';
import { askingJob, copyKept, readKept, type Kept } from './kept';
import type { Own } from './learner';
import { demandReadings } from './readings';
import { Session } from './session';
import { noTokenizer } from '../model/tokenizer-place';

const reading = (input: string | Reading): Reading => (typeof input === 'string' ? { text: input } : input);

/**
 * A trained adapter in a folder: it knows its task, its base model and its head. The model is loaded with the first
 * question and stays until `dispose()`.
 */
export class Adapter {
  readonly folder: string;
  private readonly kept: Kept;
  private readonly model: string;
  private opened: { readonly session: Session; readonly job: TrainingJob; readonly own: Own } | undefined;

  /** @param model in place of the base it was trained with, where that has another name here; its weights are compared */
  constructor(folder: string, model?: string) {
    this.folder = folder;
    this.kept = readKept(folder);
    this.model = model ?? this.kept.record.base.name;
  }

  /** The method as it was written, such as `lora:r=3`. */
  get method(): string {
    return this.kept.record.written;
  }

  /** Name of the task it was trained on. */
  get task(): string {
    return this.kept.task.name;
  }

  /**
   * What it answers to each text, or pair of texts, in order: a label with probabilities, or a text.
   * @throws UserError on no texts, an empty one, or too many; on one text where the task reads two, and the other way
   */
  async predict(inputs: readonly (string | Reading)[]): Promise<readonly Prediction[]> {
    const readings = inputs.map(reading);
    demandReadings(readings, () => this.kept.task);
    const { session, job, own } = await this.open();
    const { trainer } = await session.openPrograms(job);
    return trainer.predict(own, readings, job);
  }

  /** How many of these it reads to their first tokens only. */
  async cuts(inputs: readonly (string | Reading)[]): Promise<readonly Cut[]> {
    const { session, job } = await this.open();
    const { backbone, tokenizer } = (await session.openPrograms(job)).model;
    if (tokenizer === undefined) return [];
    const oneText = backbone.shape.encoderLayers === 0;
    return cutsOf(job.task, inputs.map(reading), { tokenizer, maxLength: this.maxLength, target: null, oneText });
  }

  /** Most tokens of a text that it reads, as in training. */
  get maxLength(): number {
    return this.kept.note.training.maxLength;
  }

  /** The tokenizer of its model, which is loaded. */
  async tokenizer(): Promise<Tokenizer> {
    const { session, job } = await this.open();
    const { tokenizer } = (await session.openPrograms(job)).model;
    if (tokenizer === undefined) throw noTokenizer(this.model);
    return tokenizer;
  }

  /** Copies the adapter with its head and its note into a folder; files of one that is there are replaced. */
  save(folder: string): string {
    return makeFolder(folder, (place) => {
      copyKept(this.folder, place);
      return folder;
    });
  }

  /** Frees the model, the adapter and the programs. */
  dispose(): void {
    if (this.opened === undefined) return;
    disposeTree([this.opened.own.variables, this.opened.own.constants]);
    this.opened.session.dispose();
    this.opened = undefined;
  }

  private async open(): Promise<NonNullable<Adapter['opened']>> {
    if (this.opened !== undefined) return this.opened;
    const session = new Session();
    const job = askingJob(this.kept, this.model);
    try {
      const { model, encoder } = await session.openPrograms(job);
      const { shape } = model.backbone;
      const { delta, head } = loadDelta(this.folder, shape, {
        hash: await model.backbone.hash(),
        ...(encoder !== undefined && { encoder }),
      });
      const variables: Tensors = { ...delta.variables, ...head };
      return (this.opened = { session, job, own: { variables, constants: delta.constants } });
    } catch (error) {
      session.dispose();
      throw error;
    }
  }
}
