import type { Family, ModelShape } from '../shape';
import { canonicalNames, isHarmless, type Target } from './names';
import { writtenBy5, type Config } from './fields';
import { isZero, type StoredTensor } from './stored';
import { tablesOf } from './tables';

/** What the tensors of a checkpoint say of its shape beyond its config, and what each of them is. */
export interface Settled {
  readonly shape: ModelShape;
  readonly namesOf: (stored: string) => readonly Target[];
  readonly isHarmless: (stored: string) => boolean;
}

/** What a format or family knows of stored names. @property owned see `tablesOf` */
export interface Names extends Omit<Settled, 'shape'> {
  readonly source: string;
  readonly owned: boolean;
}

/** Reads those few tensors whose values decide what the model computes: tables that may be one, a bias that may be 0. */
export function settle(tensors: readonly StoredTensor[], described: ModelShape, names: Names): Settled {
  const { shape, targets } = tablesOf(tensors, described, names);
  const bias = tensors.find(({ name }) => names.namesOf(name)[0]?.name === 'output.fixedBias');
  const none = bias === undefined || isZero(bias);
  const settled = new Map([...targets, ...(bias !== undefined && none ? [[bias.name, []] as const] : [])]);
  return {
    shape: none ? shape : { ...shape, output: { ...shape.output, fixedBias: true } },
    namesOf: (stored) => settled.get(stored) ?? names.namesOf(stored),
    isHarmless: (stored) => settled.has(stored) || names.isHarmless(stored),
  };
}

/** What a folder's family and config say of stored names. */
export function namesIn(source: string, family: Family, config: Config): Names {
  return {
    source,
    namesOf: (stored) => canonicalNames(family, stored),
    isHarmless: (stored) => isHarmless(family, stored),
    owned: writtenBy5(config),
  };
}
