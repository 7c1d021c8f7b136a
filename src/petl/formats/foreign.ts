import { upload } from '../../engine/memory';
import { tf, type Tensor, type Tensors } from '../../engine/tf';
import { UserError } from '../../errors';
import type { ModelShape } from '../../model/shape';
import { Delta } from '../delta';
import type { Method } from '../design';
import { collapse } from '../collapse';
import { unfrozenNames } from '../unfrozen';
import { whyInvalid } from '../valid';
import { specsOf } from '../variables';
import { readAdapters } from './adapters';
import { writeAdapters } from './adapters-write';
import type { Base, Own } from './base';
import { readForeign, writeForeign, type Library } from './folder';
import { readPeft, writePeft } from './peft';
import { demandFit } from './pieces';
import { Notes, type Report } from './report';

export { isForeign, type Library } from './folder';
export type { Report } from './report';

/** A frozen model: its shape and weights by canonical name. */
export interface FrozenModel { readonly shape: ModelShape; readonly weights: Tensors }

/**
 * Reads a folder saved by PEFT or adapters onto a model. What methods here cannot express is a UserError with the reason; what was
 * left behind stands in the report.
 */
export function importForeign(folder: string, model: FrozenModel): { readonly delta: Delta; readonly report: Report } {
  const file = readForeign(folder);
  const notes = new Notes();
  const base = baseOf(model);
  const own = file.library === 'peft' ? readPeft(file, base, notes) : readAdapters(file, base, notes);
  const reason = whyInvalid(own.method, model.shape);
  if (reason !== undefined) throw new UserError(`${folder} does not fit this model: ${reason}`);
  demandFit(folder, own.method, own.tensors, model.shape);
  return { delta: deltaOf(own, model.shape), report: notes.report() };
}

/** Writes a delta as a folder of PEFT or adapters. @param name of the base model, for the record */
export function exportForeign(folder: string, delta: Pick<Delta, 'method' | 'shape' | 'variables' | 'constants'>, to: { readonly library: Library; readonly model: FrozenModel; readonly name: string }): Report {
  const notes = new Notes();
  const { method, tensors } = collapse(delta.method, delta.shape, { ...delta.constants, ...delta.variables });
  try {
    const values = Object.fromEntries(Object.entries(tensors).map(([key, tensor]) => [key, { shape: tensor.shape, values: tensor.dataSync() as Float32Array }]));
    const base = baseOf(to.model);
    writeForeign(folder, (to.library === 'peft' ? writePeft : writeAdapters)({ method, tensors: values }, base, to.name, notes));
  } finally {
    tf.dispose(tensors);
  }
  return notes.report();
}

function baseOf({ shape, weights }: FrozenModel): Base {
  return {
    shape,
    weight: (name) => {
      const tensor = weights[name];
      if (tensor === undefined) throw new Error(`weight ${name} is missing`);
      return tensor.dataSync() as Float32Array;
    },
  };
}

function deltaOf({ method, tensors }: Own, shape: ModelShape): Delta {
  const names = [...specsOf(method, shape).map(({ name }) => name), ...unfrozenNames(method, shape)];
  const variables = Object.fromEntries(names.map((name): [string, Tensor] => {
    const values = tensors[name];
    if (values === undefined) throw new Error(`${name} is missing`);
    return [name, upload(values.values, values.shape)];
  }));
  return new Delta(method as Method, shape, { variables, constants: {} });
}
