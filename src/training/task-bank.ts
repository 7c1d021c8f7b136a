import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { disposeTree } from '../engine/tree';
import { UserError } from '../errors';
import { demandWritable, makeFolder } from '../files';
import { openModel } from '../model/open';
import { loadDelta, readDeltaRecord } from '../petl/bank/store';
import { nearest } from '../petl/design/nearest';
import { cutsOf, type Cut } from '../tasks/cuts';
import { adaptersIn, demandBank, demandName, namesIn } from './bank-folder';
import { programKey, type TrainingJob } from './job';
import { askingJob, copyKept, readKept } from './kept';
import { kindNamed } from './kinds/index';
import type { Prediction, Reading, Trainer, TrainingModel } from './kinds/kind';
import type { Own } from './learner';
import { demandReadings, readsPairs } from './readings';
import { noTokenizer } from '../model/tokenizer-place';

/** A text, or a pair of texts, for the task that is called so in the bank. */
export type BankRow = Reading & { readonly task: string };

/** What a bank holds of a task. */
export interface Held {
  readonly name: string;
  readonly job: TrainingJob;
  /** The adapter's tensors with the head's. */
  readonly own: Own;
  /** The folder it was loaded from. */
  readonly folder: string;
}

/**
 * One frozen model in memory, and for each task its adapter and head. Rows of different tasks are answered in one call,
 * those of a task together: what a task answers depends on its own rows alone. Owns the model and all tensors until
 * `dispose()`.
 */
export class TaskBank {
  private readonly model: TrainingModel;
  private readonly hash: string;
  private readonly held = new Map<string, Held>();
  private readonly trainers = new Map<string, Trainer>();

  private constructor(model: TrainingModel, hash: string) {
    this.model = model;
    this.hash = hash;
  }

  /** An empty bank on a model. @param name one of `petl models`, or a folder */
  static async open(name: string): Promise<TaskBank> {
    const model = await openModel(name);
    const { tokenizer, backbone } = model;
    if (tokenizer !== undefined) return new TaskBank({ ...model, tokenizer }, await backbone.hash());
    backbone.dispose();
    throw noTokenizer(name);
  }

  /** The bank that `save` wrote, or any folder of kept adapters. @param model in place of the base they name */
  static async load(folder: string, model?: string): Promise<TaskBank> {
    const names = namesIn(folder);
    const bank = await TaskBank.open(model ?? readDeltaRecord(join(folder, names[0] ?? '')).base.name);
    try {
      for (const name of names) bank.add(name, join(folder, name));
      return bank;
    } catch (error) {
      bank.dispose();
      throw error;
    }
  }

  get names(): readonly string[] {
    return [...this.held.keys()];
  }

  /**
   * Adds the adapter of a folder that `adapter.save`, a study or `petl adapter train` wrote.
   * @throws UserError on a name that is taken, a damaged adapter, and one of another model: the bank stays as it was
   */
  add(name: string, folder: string): void {
    demandName(name);
    if (this.held.has(name))
      throw new UserError(`the bank has a task "${name}" already: remove it or choose another name`);
    const job = askingJob(readKept(folder), this.model.name);
    const { delta, head } = loadDelta(folder, this.model.backbone.shape, { hash: this.hash });
    const own = { variables: { ...delta.variables, ...head }, constants: delta.constants };
    try {
      this.trainerOf(job); // refuses a task that this model cannot answer
      this.held.set(name, { name, job, own, folder });
    } catch (error) {
      disposeTree([own.variables, own.constants]);
      throw error;
    }
  }

  /** Frees a task's tensors. */
  remove(name: string): void {
    const { own } = this.get(name);
    disposeTree([own.variables, own.constants]);
    this.held.delete(name);
  }

  /** Each task with its method and kind, in the order they were added. */
  list(): readonly { readonly name: string; readonly task: string; readonly method: string }[] {
    return [...this.held.values()].map(({ name, job }) => ({ name, task: job.task.name, method: job.method.name }));
  }

  /**
   * What each row's task answers, in the rows' order.
   * @throws UserError on no rows, an empty text, a task that the bank has not, a pair for a task that reads one text and
   *   one text for a task that reads pairs; nothing is answered then
   */
  predict(rows: readonly BankRow[]): Promise<readonly Prediction[]> {
    return this.answered(rows, ({ predict }) => predict);
  }

  /** Of each task that is asked, how many of these rows it reads to their first tokens only, as in training. */
  cuts(rows: readonly BankRow[]): readonly { readonly task: string; readonly cut: Cut }[] {
    const { tokenizer, backbone } = this.model;
    const oneText = backbone.shape.encoderLayers === 0;
    return [...new Set(rows.map(({ task }) => task))].flatMap((name) => {
      const { task, training } = this.get(name).job;
      const own = rows.filter((row) => row.task === name);
      const room = { tokenizer, maxLength: training.maxLength, target: null, oneText };
      return cutsOf(task, own, room).map((cut) => ({ task: name, cut }));
    });
  }

  /**
   * What each row's head says as it stands, in the rows' order: logits of a task with labels, the output of one that
   * tells a number.
   * @throws UserError as `predict` does, and on a task that writes its answers
   */
  outputs(rows: readonly BankRow[]): Promise<readonly Float32Array[]> {
    return this.answered(rows, ({ outputs }, { name }) => {
      if (outputs !== undefined) return outputs;
      throw new UserError(`task "${name}" writes its answers and has no head: ask it by predict`);
    });
  }

  /** Rows by task, each task's by itself. */
  private async answered<A>(
    rows: readonly BankRow[],
    pick: (
      trainer: Trainer,
      held: Held,
    ) => (own: Own, rows: readonly BankRow[], job: TrainingJob) => Promise<readonly A[]>,
  ): Promise<readonly A[]> {
    demandReadings(rows, (i) => this.get((rows[i] as BankRow).task).job.task);
    const groups = new Map<Held, number[]>();
    rows.forEach(({ task }, i) => {
      const held = this.get(task);
      groups.set(held, [...(groups.get(held) ?? []), i]);
    });
    const asked = [...groups].map(([held, places]) => ({ held, places, ask: pick(this.trainerOf(held.job), held) }));
    const answers = new Array<A>(rows.length);
    for (const { held, places, ask } of asked) {
      const own = places.map((i) => rows[i] as BankRow);
      const found = await ask(held.own, own, held.job);
      places.forEach((place, i) => (answers[place] = found[i] as A));
    }
    return answers;
  }

  /** What every task answers to a text, or a pair of texts; those of single texts, or of pairs, alone. */
  async predictAll(
    text: string,
    pair: string | null = null,
  ): Promise<readonly { readonly task: string; readonly answer: Prediction }[]> {
    const asked = this.names.filter((name) => readsPairs(this.get(name).job.task) !== (pair === null));
    if (asked.length === 0 && this.names.length > 0)
      throw new UserError(
        `every task of the bank (${this.names.join(', ')}) reads ${pair === null ? 'two texts: give the second as pair' : 'one text: leave the pair out'}`,
      );
    const answers = await this.predict(asked.map((task) => ({ task, text, pair })));
    return asked.map((task, i) => ({ task, answer: answers[i] as Prediction }));
  }

  /** Copies every adapter into a folder of its name below a new folder, whole or not at all. */
  save(folder: string): string {
    demandBank(folder);
    if (existsSync(folder)) throw new UserError(`${folder} exists: name a new folder`);
    return makeFolder(folder, (place) => {
      for (const { name, folder: from } of this.held.values()) copyKept(from, join(place, name));
      return folder;
    });
  }

  /** Frees the model, the adapters and the programs. */
  dispose(): void {
    for (const trainer of this.trainers.values()) trainer.dispose();
    this.trainers.clear();
    for (const name of this.names) this.remove(name);
    this.model.backbone.dispose();
  }

  private get(name: string): Held {
    const held = this.held.get(name);
    if (held !== undefined) return held;
    throw new UserError(
      `the bank has no task "${name}": there are ${this.names.join(', ') || 'none'}${nearest(name, this.names)}`,
    );
  }

  /** Programs are shared by the tasks of a method, whatever their heads. */
  private trainerOf(job: TrainingJob): Trainer {
    const kind = kindNamed(job.task.kind);
    const key = programKey({ ...job, method: { ...job.method, name: '' }, task: [kind.name, kind.programs(job.task)] });
    const known = this.trainers.get(key);
    if (known !== undefined) return known;
    const trainer = kind.open(this.model, job.task, job);
    this.trainers.set(key, trainer);
    return trainer;
  }
}

/**
 * Adds an adapter to a bank's folder on disk, once it has loaded onto the bank's model; the folder is made with the first.
 * @throws UserError as `TaskBank.add` does; what is in the folder stays as it was
 */
export async function addToFolder(folder: string, name: string, adapter: string, model?: string): Promise<void> {
  demandName(name);
  demandBank(folder);
  const place = join(folder, name);
  if (existsSync(place))
    throw new UserError(`${folder} has a task "${name}" already: remove it or choose another name`);
  const record = readDeltaRecord(adapter);
  const others = adaptersIn(folder);
  const base = others[0] === undefined ? record.base : readDeltaRecord(join(folder, others[0])).base;
  if (base.hash !== record.base.hash)
    throw new UserError(
      `${adapter} was trained on ${record.base.name} (weights ${record.base.hash.slice(0, 12)}), and ${folder} is a bank on ${base.name} (${base.hash.slice(0, 12)}): put it into a bank of its own base`,
    );
  const bank = await TaskBank.open(model ?? base.name);
  try {
    bank.add(name, adapter);
  } finally {
    bank.dispose();
  }
  demandWritable(folder);
  makeFolder(place, (whole) => copyKept(adapter, whole));
}
