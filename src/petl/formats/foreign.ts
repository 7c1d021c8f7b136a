import { upload } from '../../engine/memory';
import { tf, type Tensor, type Tensors } from '../../engine/tf';
import { UserError } from '../../errors';
import { makeFolder } from '../../files';
import type { ModelShape } from '../../model/shape';
import { Delta } from '../bank/delta';
import { collapse } from '../forms/collapse';
import { unfrozenNames } from '../forms/unfrozen';
import { whyInvalid } from '../design/valid';
import { specsOf } from '../forms/variables';
import { readAdapters } from './adapters';
import { writeAdapters } from './adapters-write';
import { cannot, type Base, type FrozenModel, type Own } from './base';
import { readForeign, writeForeign, type Library } from './folder';
import { readPeft } from './peft';
import { writePeft } from './peft-write';
import { demandFit } from './pieces';
import { apart, same, type Probed } from './probe';
import { Notes, type Report } from './report';
import type { Named } from './values';

export { isForeign, type Library } from './folder';
export type { Report } from './report';
export type { FrozenModel } from './base';

/** @property partial whether a part of an adapter is wanted where not all of it can cross */
export interface Options {
  readonly partial?: boolean;
}

/** An adapter on the model, with its head and the names of the head's classes, as far as the folder has them. */
export interface Imported {
  readonly delta: Delta;
  readonly head: Tensors;
  readonly labels?: readonly string[];
  readonly report: Report;
}

/**
 * Reads a folder saved by PEFT or adapters onto a model. What methods here cannot express is a UserError with the
 * reason, or stands in the report where a part is wanted.
 */
export function importForeign(folder: string, model: FrozenModel, { partial = false }: Options = {}): Imported {
  const file = readForeign(folder);
  const notes = new Notes(partial);
  const base = baseOf(model);
  const own = file.library === 'peft' ? readPeft(file, base, notes) : readAdapters(file, base, notes);
  const reason = whyInvalid(own.method, model.shape);
  if (reason !== undefined) throw new UserError(`${folder} does not fit this model: ${reason}`);
  demandFit(folder, own.method, own.tensors, model.shape);
  demandHead(folder, own.head, model.shape);
  const { labels } = own;
  const head = uploaded(own.head);
  return { delta: deltaOf(own, model.shape), head, ...(labels && { labels }), report: notes.report() };
}

/**
 * @property name of the base model, for the record @property head `head.weight`, `head.bias` of a classifier, and its
 * hidden layer's @property labels names of its classes, where they have any
 */
export interface Export extends Options {
  readonly library: Library;
  readonly model: FrozenModel;
  readonly name: string;
  readonly head?: Tensors;
  readonly labels?: readonly string[];
}

/**
 * Writes a delta as a folder of PEFT or adapters, reads it back and compares what both compute before the folder
 * appears. @throws UserError where the other library has no like of it
 */
export function exportForeign(folder: string, delta: Probed['delta'], to: Export): Report {
  const notes = new Notes(to.partial);
  const { method, tensors } = collapse(delta.method, delta.shape, { ...delta.constants, ...delta.variables });
  const drawn = Object.entries(delta.constants).filter(([name]) => name.startsWith('random.')); // ours are drawn again from a seed, theirs cannot be
  const head = to.head ?? {};
  try {
    const own = {
      method,
      tensors: valuesOf([...Object.entries(tensors), ...drawn]),
      head: valuesOf(Object.entries(head)),
      ...(to.labels && { labels: to.labels }),
    };
    const write = to.library === 'peft' ? writePeft : writeAdapters;
    makeFolder(folder, (hidden) => {
      writeForeign(hidden, write(own, baseOf(to.model), to.name, notes));
      if (notes.whole()) demandSame(hidden, { delta, head }, to.model);
    });
  } finally {
    tf.dispose(tensors);
  }
  return notes.report();
}

/** What was written must read back as what it was. A head that stayed behind is in the report. */
function demandSame(folder: string, given: Probed, model: FrozenModel): void {
  const name = given.delta.method.name;
  const back = readBack(folder, name, model);
  try {
    const crossed = Object.keys(back.head).length > 0;
    const far = apart(crossed ? given : { ...given, head: {} }, back, model);
    if (!(far <= same))
      throw cannot(name, `read back, it is ${far.toPrecision(2)} of its own effect away from what was written`);
  } finally {
    back.delta.dispose();
    tf.dispose(back.head);
  }
}

function readBack(folder: string, name: string, model: FrozenModel): Probed & { readonly delta: Delta } {
  try {
    return importForeign(folder, model, { partial: true });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw cannot(name, `read back, ${error.message}`);
  }
}

function valuesOf(tensors: readonly (readonly [string, Tensor])[]): Named {
  return Object.fromEntries(
    tensors.map(([key, tensor]) => [key, { shape: tensor.shape, values: tensor.dataSync() as Float32Array }]),
  );
}

function uploaded(named: Named): Tensors {
  return Object.fromEntries(Object.entries(named).map(([name, { values, shape }]) => [name, upload(values, shape)]));
}

/** A head reads the model's width, and its biases are as long as its matrices are wide. */
function demandHead(source: string, head: Named, { width }: ModelShape): void {
  for (const [name, { shape }] of Object.entries(head)) {
    const wide = head[name.replace(/bias$/, 'weight')]?.shape[1];
    if (name.endsWith('.bias') && shape.join() !== String(wide))
      throw new UserError(
        `${source}: ${name} has shape [${shape.join()}], it should be [${String(wide)}]: copy the adapter again`,
      );
    if (!name.endsWith('.weight') || (shape[0] === width && (name === 'head.weight' || shape[1] === width))) continue;
    throw new UserError(
      `${source}: ${name} has shape [${shape.join()}], this model is ${width} wide: load the adapter on the model it was trained on`,
    );
  }
}

function baseOf({ shape, weights }: FrozenModel): Base {
  return {
    shape,
    has: (name) => weights[name] !== undefined,
    weight: (name) => {
      const tensor = weights[name];
      if (tensor === undefined) throw new Error(`weight ${name} is missing`);
      return tensor.dataSync() as Float32Array;
    },
  };
}

function deltaOf({ method, tensors }: Own, shape: ModelShape): Delta {
  const specs = specsOf(method, shape);
  const made = (names: readonly string[]): Tensors =>
    Object.fromEntries(
      names.map((name): [string, Tensor] => {
        const values = tensors[name];
        if (values === undefined) throw new Error(`${name} is missing`);
        return [name, upload(values.values, values.shape)];
      }),
    );
  const named = (trained: boolean): readonly string[] =>
    specs.filter((spec) => spec.trained === trained).map(({ name }) => name);
  return new Delta(method, shape, {
    variables: made([...named(true), ...unfrozenNames(method, shape)]),
    constants: made(named(false)),
  });
}
