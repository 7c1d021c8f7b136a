import { createHash } from 'node:crypto';
import { closeSync, existsSync, fstatSync, openSync, readSync, rmSync } from 'node:fs';
import * as v from 'valibot';
import { seconds } from '../clock';
import { upload } from '../engine/memory';
import type { Tensor, Tensors } from '../engine/tf';
import { disposeTree } from '../engine/tree';
import { readText, real, whole, type Schema } from '../json';
import { openSafetensors } from '../model/checkpoint/safetensors';
import { sealOf, writeSealed, type NamedValues } from '../petl/formats/safetensors';
import type { CheckpointPlan, CourseEvent } from './job';
import type { Loop } from './loop';

/*
 * A run under way is a step number, its trained tensors with their moments, its constants, and the tensors of its best
 * step where it keeps that: data order and randomness are functions of step and seed. They are kept in one sealed
 * safetensors file, which appears whole or not at all.
 */

/** What stands in the file's metadata. */
interface Progress {
  /** Hash of all that decides the run's numbers: a state belongs to that run alone. */
  readonly key: string;
  readonly done: number;
  /** What was reported so far, to be told again. */
  readonly events: readonly CourseEvent[];
}

/** Of no examples there is no score. */
const ofSome = v.pipe(
  v.nullable(real),
  v.transform((value) => value ?? NaN),
);
const step = v.strictObject({ kind: v.literal('step'), step: whole, steps: whole, loss: real, seconds: real });
const evaluation = v.strictObject({
  kind: v.literal('evaluation'),
  step: whole,
  seconds: real,
  split: v.literal('validation'),
  loss: ofSome,
  score: ofSome,
});
const progressSchema: Schema<Progress> = v.strictObject({
  key: v.string(),
  done: whole,
  events: v.array(v.variant('kind', [step, evaluation])),
});

const headerSchema: Schema<{ readonly __metadata__: { readonly progress: string } }> = v.looseObject({
  __metadata__: v.looseObject({ progress: v.string() }),
});

/** Keeps the state of one run while it is under way. */
export class Checkpoints {
  private readonly plan: CheckpointPlan;
  private readonly key: string;
  private readonly last = { step: 0, at: seconds(), took: 0 };

  /** @param identity all that decides the run's numbers */
  constructor(plan: CheckpointPlan, identity: unknown) {
    this.plan = plan;
    this.key = createHash('sha256').update(JSON.stringify(identity)).digest('hex');
  }

  /** Puts the loop where the run was left, if it was, and gives what had been reported. A damaged file is named. */
  restore(loop: Loop): readonly CourseEvent[] {
    const { path, say } = this.plan;
    if (!existsSync(path)) return [];
    try {
      const progress = readProgress(path);
      if (progress.key !== this.key) throw new Error('it is of a run with other code, settings, data or weights');
      loop.resume(progress.done, readState(path, loop));
      this.last.step = progress.done;
      say(`going on from step ${progress.done}, kept in ${path}`);
      return progress.events;
    } catch (error) {
      say(`${path} is not used (${(error as Error).message}): the run begins anew`);
      rmSync(path, { force: true });
      return [];
    }
  }

  /** Keeps the state where it is time to. */
  afterStep(loop: Loop, events: readonly CourseEvent[]): void {
    const { steps, seconds: pause = 60 } = this.plan;
    const passed = seconds() - this.last.at;
    const due =
      steps === undefined ? passed >= Math.max(pause, 20 * this.last.took) : loop.done - this.last.step >= steps;
    if (due) this.write(loop, events);
  }

  write(loop: Loop, events: readonly CourseEvent[]): void {
    const { done } = loop;
    const begin = seconds();
    const progress: Progress = { key: this.key, done, events };
    writeSealed(this.plan.path, valuesOf(loop), { format: 'petl', progress: JSON.stringify(progress) });
    Object.assign(this.last, { step: done, at: seconds(), took: seconds() - begin });
  }
}

/** What a loop holds, by the part of the tensors' names. */
function partsOf({ state, constants, aside }: Loop): Readonly<Record<string, Tensors>> {
  const { variables, m, v: second } = state;
  const now = { w: variables, m, v: second, c: constants };
  return aside === undefined ? now : { ...now, bw: aside.variables, bc: aside.constants };
}

function valuesOf(loop: Loop): readonly NamedValues[] {
  const named = (part: string, tensors: Tensors): readonly NamedValues[] =>
    Object.entries(tensors).map(([name, tensor]) => ({
      name: `${part}:${name}`,
      shape: tensor.shape,
      values: () => tensor.dataSync() as Float32Array,
    }));
  return Object.entries(partsOf(loop)).flatMap(([part, tensors]) => named(part, tensors));
}

/** The metadata of a file whose checksum holds. */
function readProgress(path: string): Progress {
  const file = openSync(path, 'r');
  try {
    const size = fstatSync(file).size;
    const prefix = Buffer.alloc(8);
    readSync(file, prefix, 0, 8, 0);
    const length = Number(prefix.readBigUInt64LE());
    if (size < 8 || length > size - 8) throw new Error('it is cut off');
    const head = Buffer.alloc(8 + length);
    readSync(file, head, 0, head.length, 0);
    const seal = sealOf(head);
    if (seal === undefined || seal.sha256 !== hashFrom(file, seal.bare, size)) throw new Error('its checksum is wrong');
    const header = readText(head.toString('utf8', 8), headerSchema);
    if (header.kind === 'fault') throw new Error(`its header ${header.reason}`);
    const read = readText(header.value.__metadata__.progress, progressSchema);
    if (read.kind === 'fault') throw new Error(`it ${read.reason}`);
    return read.value;
  } finally {
    closeSync(file);
  }
}

function hashFrom(file: number, bare: Buffer, size: number): string {
  const hash = createHash('sha256').update(bare);
  const part = Buffer.alloc(1 << 22);
  for (let at = bare.length; at < size;) {
    const read = readSync(file, part, 0, part.length, at);
    hash.update(part.subarray(0, read));
    at += read;
  }
  return hash.digest('hex');
}

/** The tensors of a file, in the order and of the shapes of the loop's own. */
function readState(path: string, { state, constants }: Loop): Pick<Loop, 'state' | 'constants' | 'aside'> {
  const file = openSafetensors(path);
  const made: Tensor[] = [];
  try {
    const stored = new Map(file.tensors.map((tensor) => [tensor.name, tensor]));
    const read = (part: string, like: Tensors): Tensors =>
      Object.fromEntries(
        Object.entries(like).map(([name, { shape }]) => {
          const tensor = stored.get(`${part}:${name}`);
          if (tensor?.shape.join() !== shape.join())
            throw new Error(`it does not hold ${part}:${name} [${shape.join()}]`);
          const values = upload(tensor.read(0, shape[0] ?? 1).slice(), shape);
          made.push(values);
          return [name, values];
        }),
      );
    const { variables, m, v: second } = state;
    const hasBest = file.tensors.some(({ name }) => name.startsWith('bw:'));
    return {
      state: { variables: read('w', variables), m: read('m', m), v: read('v', second) },
      constants: read('c', constants),
      aside: hasBest ? { variables: read('bw', variables), constants: read('bc', constants) } : undefined,
    };
  } catch (error) {
    disposeTree(made);
    throw error;
  } finally {
    file.close();
  }
}
