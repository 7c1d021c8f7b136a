import { copyFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Tensors } from '../engine/tf';
import { disposeTree } from '../engine/tree';
import { UserError } from '../errors';
import { makeFolder } from '../files';
import type { Tokenizer } from '../model/tokenizer';
import { loadDelta, readDeltaRecord, type DeltaRecord } from '../petl/bank/store';
import type { TrainingJob } from './job';
import { kindNamed } from './kinds/index';
import type { Prediction, Reading } from './kinds/kind';
import { readNote, type KeptNote } from './kept';
import type { Own } from './learner';
import { Session } from './session';

/** Answers at most so many texts in one call: their tokens stand in memory together. */
const mostInputs = 100_000;

/**
 * A trained adapter in a folder: it knows its task, its base model and its head. The model is loaded with the first
 * question and stays until `dispose()`.
 */
export class Adapter {
  readonly folder: string;
  private readonly record: DeltaRecord;
  private readonly note: KeptNote;
  private readonly model: string;
  private opened: { readonly session: Session; readonly job: TrainingJob; readonly own: Own } | undefined;

  /** @param model in place of the base it was trained with, where that has another name here; its weights are compared */
  constructor(folder: string, model?: string) {
    this.folder = folder;
    this.record = readDeltaRecord(folder);
    this.note = readNote(folder);
    this.model = model ?? this.record.base.name;
  }

  /** The method as it was written, such as `lora:r=3`. */
  get method(): string {
    return this.record.written;
  }

  /** Name of the task it was trained on. */
  get task(): string {
    return this.note.task.name;
  }

  /**
   * What it answers to each text, or pair of texts, in order: a label with probabilities, or a text.
   * @throws UserError on no texts, an empty one, or too many
   */
  async predict(inputs: readonly (string | Reading)[]): Promise<readonly Prediction[]> {
    const readings = inputs.map((input) => (typeof input === 'string' ? { text: input } : input));
    demandReadings(readings);
    const { session, job, own } = await this.open();
    const { trainer } = await session.openPrograms(job);
    return trainer.predict(own, readings, job);
  }

  /** Most tokens of a text that it reads, as in training. */
  get maxLength(): number {
    return this.note.training.maxLength;
  }

  /** The tokenizer of its model, which is loaded. */
  async tokenizer(): Promise<Tokenizer> {
    const { session, job } = await this.open();
    const { tokenizer } = (await session.openPrograms(job)).model;
    if (tokenizer === undefined) throw new UserError(`model "${this.model}" has no tokenizer`);
    return tokenizer;
  }

  /** Copies the adapter with its head and its note into a folder; files of one that is there are replaced. */
  save(folder: string): string {
    return makeFolder(folder, (place) => {
      for (const name of readdirSync(this.folder)) copyFileSync(join(this.folder, name), join(place, name));
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
    const job = this.job();
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

  private job(): TrainingJob {
    const { training, task } = this.note;
    return {
      method: this.record.method,
      model: this.model,
      task: kindNamed(task.kind).noted(task),
      training: { ...training, dropout: 0 },
      seed: 1,
      engine: 'compiled',
    };
  }
}

function demandReadings(readings: readonly Reading[]): void {
  if (readings.length === 0) throw new UserError('there is nothing to predict: give at least one text');
  if (readings.length > mostInputs)
    throw new UserError(`${readings.length} texts are more than ${mostInputs} at once: predict them in parts`);
  const empty = readings.findIndex(({ text }) => typeof text !== 'string' || text.trim() === '');
  if (empty >= 0) throw new UserError(`text ${empty + 1} is empty: leave it out or fill it`);
}
