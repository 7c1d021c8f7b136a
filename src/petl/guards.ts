import { createHash } from 'node:crypto';
import type { Tensors } from '../engine/tf';
import type { ModelShape } from '../model/shape';
import { UserError } from '../errors';
import type { Method } from './design';
import { placesOf } from './places';
import { asksForShift } from './positions';
import { unreachedTensors } from './reach';
import { unfrozenNames } from './unfrozen';

/**
 * What of a method has no effect on this model, one line each with its name: sites that the model lacks beside others that
 * it has, layers that name nothing, weights asked for twice, a shift of positions that are not learned.
 */
export function warningsFor(method: Method, shape: ModelShape): readonly string[] {
  const missing = method.modifications.filter((modification) => placesOf(modification, shape).length === 0 && !modification.site.startsWith('cross'));
  const covered = method.unfrozen.filter((part, i) => {
    const rest = { ...method, unfrozen: method.unfrozen.filter((_, j) => j !== i) };
    return part.kind !== 'tokenRows' && unfrozenNames(rest, shape).length === unfrozenNames(method, shape).length;
  });
  const { lifecycle } = method;
  const deepest = Math.max(shape.encoderLayers, shape.decoderLayers);
  return [
    ...missing.map(({ site, stacks }) => `${method.name}: ${site} of ${stacks.join(' and ')} matches nothing in this model`),
    ...covered.map(({ kind }) => `${method.name}: training ${kind} adds nothing to what it trains already`),
    ...(asksForShift(method) && shape.positions.kind !== 'learned' ? [`${method.name}: positions=shifted has no effect on ${shape.positions.kind} positions`] : []),
    ...(lifecycle.kind === 'layerDrop' && lifecycle.first >= deepest ? [`${method.name}: first=${lifecycle.first} may drop all ${deepest} layers`] : []),
  ];
}

/**
 * Names of trained tensors that are bit for bit as they were, after steps in which they should have moved. Biases that are added
 * to all keys alike are left out: no loss reaches them (see `unreached`).
 */
export function stillTensors(method: Method, shape: ModelShape, before: Tensors, after: Tensors): readonly string[] {
  const exempt = unreachedTensors(method, shape);
  return Object.keys(before).filter((name) => {
    const then = before[name]?.dataSync();
    const now = after[name]?.dataSync();
    return !exempt.has(name) && then !== undefined && now !== undefined && then.every((value, i) => value === now[i]);
  });
}

/** Throws where trained tensors never moved: they took part in nothing. */
export function demandMovement(method: Method, shape: ModelShape, before: Tensors, after: Tensors): void {
  const still = stillTensors(method, shape, before, after);
  if (still.length > 0) throw new UserError(`${method.name}: ${still.length} trained tensors received no gradient, ${still[0] ?? ''} first: the loss does not depend on them.`);
}

/** Throws where a task with a head would train without one. @param variables everything that trains */
export function demandHead(variables: Tensors, classes: number): void {
  if (classes > 0 && variables['head.weight'] === undefined) throw new UserError(`The head of ${classes} classes is not among the trained tensors: it would stay at its random start.`);
}

/** SHA-256 of all values by name: equal before and after training, or the base has drifted. */
export function fingerprint(weights: Tensors): string {
  const hash = createHash('sha256');
  for (const name of Object.keys(weights).sort()) {
    const values = weights[name]?.dataSync() as Float32Array;
    hash.update(name).update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  return hash.digest('hex');
}

/** Names of frozen weights that differ from what they were. */
export function driftedWeights(before: ReadonlyMap<string, string>, weights: Tensors): readonly string[] {
  return [...before].filter(([name, hash]) => weights[name] === undefined || fingerprint({ [name]: weights[name] }) !== hash).map(([name]) => name);
}

/** Fingerprints of each weight, for `driftedWeights`. */
export function fingerprints(weights: Tensors): ReadonlyMap<string, string> {
  return new Map(Object.entries(weights).map(([name, weight]) => [name, fingerprint({ [name]: weight })]));
}
