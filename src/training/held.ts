import type { Tensor } from '../engine/tf';
import type { Backbone, Held } from '../model/backbone';
import { plainMatrices } from '../model/products';
import type { ModelShape } from '../model/shape';
import type { Method } from '../petl/design/types';
import { demandFit } from '../petl/design/valid';
import { unfrozenNames } from '../petl/forms/unfrozen';
import { specsOf } from '../petl/forms/variables';
import type { TrainingJob } from './job';

/** How a run holds its frozen model: in bfloat16 what its steps would round at once, in float32 all the rest. */
export function heldFor({ method, engine, training }: Pick<TrainingJob, 'method' | 'engine' | 'training'>): Held {
  if (engine === 'eager' || training.precision === 'float32') return 'float32';
  return (shape) => roundedMatrices(method, shape);
}

/** Matrices that a run in bfloat16 multiplies by and reads nowhere else: the method neither trains nor looks at them. */
export function roundedMatrices(method: Method, shape: ModelShape): ReadonlySet<string> {
  demandFit(method, shape);
  const looked = specsOf(method, shape).flatMap(({ init }) => ('weight' in init ? [init.weight] : []));
  const others = new Set([...unfrozenNames(method, shape), ...looked]);
  return new Set(plainMatrices(shape).filter((name) => !others.has(name)));
}

/**
 * Weights that a run trains, where they are so many that their frozen copies are freed meanwhile and read again for the
 * next run; none where they came from no file.
 */
export function lentNames(method: Method, { shape, weights, files }: Backbone): readonly string[] {
  const names = unfrozenNames(method, shape).filter((name) => weights[name] !== undefined);
  const size = (tensors: readonly (Tensor | undefined)[]): number =>
    tensors.reduce((sum, t) => sum + (t?.size ?? 0), 0);
  const worth = 10 * size(names.map((name) => weights[name])) > size(Object.values(weights));
  const isRead = method.prompt.kind === 'written' && method.prompt.encoder.kind === 'own'; // frozen, beside the trained ones
  return files.length > 0 && worth && !isRead ? names : [];
}

/** Tells two ways of holding a model apart. */
export function heldKey(held: Held, shape: ModelShape): string {
  return typeof held === 'string' ? held : [...held(shape)].join();
}
