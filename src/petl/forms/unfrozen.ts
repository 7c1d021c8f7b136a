import { UserError } from '../../errors';
import type { ModelShape } from '../../model/shape';
import { layersOf, stacksOf, weightShapes } from '../../model/shapes';
import type { Method, Unfrozen } from '../design/types';

/**
 * The model's own weights that train with the method, by name. The pooler never does: no head here reads it, so it
 * would
 * receive no gradient. A method that asks for weights the model lacks is a UserError.
 */
export function unfrozenNames(method: Method, shape: ModelShape): readonly string[] {
  const names = Object.keys(weightShapes(shape)).filter((name) => !name.startsWith('pooler.'));
  const chosen = new Set(method.unfrozen.flatMap((unfrozen) => select(unfrozen, names, shape)));
  return names.filter((name) => chosen.has(name));
}

/** Gain or bias of a norm. */
export function isNorm(name: string): boolean {
  return /(^|\.)(norm|\w+Norm)\.(gain|bias)$/.test(name);
}

function select(unfrozen: Unfrozen, names: readonly string[], shape: ModelShape): readonly string[] {
  switch (unfrozen.kind) {
    case 'all':
      return names;
    case 'biases':
      return some(
        names.filter((name) => name.endsWith('.bias')),
        `${shape.family} models have no biases to train; choose another method than bitfit.`,
      );
    case 'layerNorms':
      return names.filter(isNorm);
    case 'topLayers':
      return topLayers(unfrozen.k, names, shape);
    case 'tokenRows':
    case 'tokens':
      return []; // rows are variables of the method's own
  }
}

function topLayers(k: number, names: readonly string[], shape: ModelShape): readonly string[] {
  const stack = stacksOf(shape).at(-1) ?? 'encoder';
  const layers = layersOf(shape, stack);
  if (shape.sharedLayers)
    throw new UserError(`top:k=${k}: the layers of ${shape.family} models share their weights; train all or none.`);
  if (k > layers) throw new UserError(`top:k=${k}: the ${stack} has ${layers} layers; choose k from 1 to ${layers}.`);
  return names.filter((name) => {
    const layer = new RegExp(`^${stack}\\.(\\d+)\\.`).exec(name)?.[1];
    return name.startsWith(`${stack}.norm.`) || (layer !== undefined && Number(layer) >= layers - k);
  });
}

function some(names: readonly string[], otherwise: string): readonly string[] {
  if (names.length === 0) throw new UserError(otherwise);
  return names;
}
