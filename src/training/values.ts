import { upload } from '../engine/memory';
import type { Tensors } from '../engine/tf';

/** Tensors at rest, in JavaScript memory. */
export type Values = Readonly<Record<string, { readonly shape: readonly number[]; readonly values: Float32Array }>>;

/** What a stage before a run gave. */
export interface StageResult {
  readonly tensors: Values;
  /** Of each example, by its id; empty where no answers were asked for. */
  readonly answers: ReadonlyMap<string, readonly string[]>;
}

export function valuesOf(tensors: Tensors): Values {
  const all = Object.entries(tensors).map(
    ([name, tensor]) => [name, { shape: tensor.shape, values: tensor.dataSync().slice() as Float32Array }] as const,
  );
  return Object.fromEntries(all);
}

/** The tensors, those of the names in `start` replaced and freed. */
export function started(variables: Tensors, start: Values): Tensors {
  const all = Object.entries(variables).map(([name, tensor]) => {
    const given = start[name];
    if (given === undefined) return [name, tensor] as const;
    if (given.shape.join() !== tensor.shape.join())
      throw new Error(`${name} is [${tensor.shape.join()}] and begins at [${given.shape.join()}]`);
    tensor.dispose();
    return [name, upload(given.values, given.shape)] as const;
  });
  return Object.fromEntries(all);
}
