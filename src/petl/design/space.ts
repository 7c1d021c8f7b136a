import { sites, type Site } from '../../model/site';
import type { Bottleneck, Change, Composition, Form, Layers, Modification, Reads } from './types';
import { bottleneck } from './methods';
import { whyInvalidModification } from './valid';

/** The values that each dimension takes; He et al. 2021 name four: site, insertion (reads), form and composition. */
export interface Dimensions {
  readonly sites: readonly Site[];
  readonly reads: readonly Reads[];
  readonly forms: readonly Form[];
  readonly compositions: readonly Composition[];
  readonly layers: Layers;
}

const lora: Partial<Bottleneck> = {
  activation: 'identity',
  factors: { kind: 'dense', init: { kind: 'lora' }, bias: false },
};

/** Every site, reading and composition, and one form of each kind, at small sizes. */
const wholeSpace: Dimensions = {
  sites,
  reads: ['x', 'query', 'query(norm(x))', 'h', 'residual', 'h+residual', 'norm(h+residual)', 'segment'],
  forms: [
    bottleneck(4),
    bottleneck(4, lora),
    bottleneck(4, { perHead: true }),
    bottleneck(4, { activation: 'gelu', innerNorm: 'in', trains: 'up' }),
    bottleneck(4, { ...lora, factors: { kind: 'principal' } }),
    bottleneck(4, { ...lora, factors: { kind: 'triplet' } }),
    bottleneck(4, { ...lora, factors: { kind: 'frozenRandom', seed: 1, initial: 0.1, projections: 'redrawn' } }),
    bottleneck(4, { activation: 'gelu', factors: { kind: 'phm', n: 2, rank: 1, share: true, bias: true } }),
    { kind: 'prefix', length: 3, reparameterisation: { kind: 'none' }, positions: 'kept' },
    { kind: 'prefix', length: 3, reparameterisation: { kind: 'mlp', width: 6 }, positions: 'kept' },
    { kind: 'diagonal' },
    { kind: 'lookup', rows: 3 },
  ],
  compositions: [
    { kind: 'add' },
    { kind: 'scaledAdd', scale: { kind: 'fixed', value: 2 } },
    { kind: 'scaledAdd', scale: { kind: 'learned', initial: 1 } },
    { kind: 'scaledAdd', scale: { kind: 'perChannel', initial: 1 } },
    { kind: 'massGate' },
    { kind: 'inputGate', scale: 1, per: 'token' },
    { kind: 'multiply' },
    { kind: 'renormalise', scale: 2 },
  ],
  layers: 'all',
};

/** One combination and why it is no point of the space, if it is none. */
export interface Combination {
  readonly modification: Modification;
  readonly reason: string | undefined;
}

/** Every combination of the dimensions, valid or not; the types would refuse some of the invalid ones. */
export function* combinations(dimensions: Partial<Dimensions> = {}): Generator<Combination> {
  const { sites: places, reads, forms, compositions, layers } = { ...wholeSpace, ...dimensions };
  for (const site of places)
    for (const reading of reads)
      for (const form of forms)
        for (const composition of compositions) {
          const modification = {
            site,
            stacks: ['encoder', 'decoder'],
            layers,
            reads: reading,
            ...({ form, composition } as Change),
          } as const;
          yield { modification, reason: whyInvalidModification(modification) };
        }
}

/** Every valid point. */
export function* points(dimensions: Partial<Dimensions> = {}): Generator<Modification> {
  for (const { modification, reason } of combinations(dimensions)) if (reason === undefined) yield modification;
}
