import type { Bottleneck, Factors, Init } from '../design/types';
import type { Place } from '../design/places';
import { bertInit, kaiming, normParts, ones, projectionName, zeros, type Part, type VariableInit } from './spec';

type Dense = Extract<Factors, { kind: 'dense' }>;
type Phm = Extract<Factors, { kind: 'phm' }>;
type Random = Extract<Factors, { kind: 'frozenRandom' }>;

/**
 * The tensors of one bottleneck at one place, under `name`: `down` [in, r], `up` [r, out] and what belongs to them.
 * @param heads attention heads, for one bias per head
 */
export function bottleneckParts(form: Bottleneck, place: Place, name: string, heads: number): readonly Part[] {
  const norm =
    form.innerNorm === 'none' ? [] : normParts(`${name}.norm`, form.innerNorm === 'in' ? place.reads : place.out);
  return [...factorParts(form, place, name, heads), ...norm];
}

function factorParts(form: Bottleneck, place: Place, name: string, heads: number): readonly Part[] {
  const { factors, r } = form;
  switch (factors.kind) {
    case 'dense': {
      const [down, up] = pair(form, place, name, [downInit(factors.init, place.reads), upInit(factors.init)]);
      const middle = middleParts(form, name, factors);
      const biases = factors.bias ? biasParts(name, form.perHead ? heads * r : r, place.out) : [];
      return [form.trains === 'up' ? { ...down, trained: false } : down, up, ...middle, ...biases];
    }
    case 'triplet':
      return [
        ...pair(form, place, name, [bertInit, bertInit]),
        { name: `${name}.singular`, shape: [r], init: zeros },
        { name: `${name}.mask`, shape: [r], init: ones, trained: false },
      ];
    case 'principal': {
      const start = (side: 'down' | 'up'): VariableInit => ({ kind: 'principal', weight: place.weight, side });
      const trained = pair(form, place, name, [start('down'), start('up')]);
      return [...trained, ...trained.map((part) => ({ ...part, name: `${part.name}.start`, trained: false }))];
    }
    case 'frozenRandom':
      return [
        randomPart('down', [place.reads, r], factors),
        randomPart('up', [r, place.out], factors),
        { name: `${name}.inner`, shape: [r], init: { kind: 'constant', value: factors.initial } },
        { name: `${name}.outer`, shape: [place.out], init: zeros },
      ];
    case 'phm':
      return [
        ...phmParts(factors, place.reads, r, `${name}.down`),
        ...phmParts(factors, r, place.out, `${name}.up`),
        ...(factors.bias ? biasParts(name, r, place.out) : []),
      ];
  }
}

/** `middle` [r, r] of a second layer, `middle2` of a third. */
export const middleName = (layer: number): string => (layer === 1 ? 'middle' : `middle${layer}`);

function middleParts({ r, depth }: Bottleneck, name: string, { init, bias }: Dense): readonly Part[] {
  return Array.from({ length: depth - 1 }, (_, i) => `${name}.${middleName(i + 1)}`).flatMap((part) => [
    { name: part, shape: [r, r], init: downInit(init, r) },
    ...(bias ? [{ name: `${part}.bias`, shape: [r], init: zeros, beside: true }] : []),
  ]);
}

function pair(
  { r }: Bottleneck,
  place: Place,
  name: string,
  [down, up]: readonly [VariableInit, VariableInit],
): readonly [Part, Part] {
  return [
    { name: `${name}.down`, shape: [place.reads, r], init: down },
    { name: `${name}.up`, shape: [r, place.out], init: up },
  ];
}

function downInit(init: Init, fanIn: number): VariableInit {
  if (init.kind === 'lora') return kaiming(fanIn);
  return init.kind === 'houlsby' ? { kind: 'truncatedNormal', std: init.std } : bertInit;
}

function upInit(init: Init): VariableInit {
  if (init.kind === 'lora') return zeros;
  return init.kind === 'houlsby' ? { kind: 'truncatedNormal', std: init.std } : bertInit;
}

function biasParts(name: string, inner: number, out: number): readonly Part[] {
  return [
    { name: `${name}.down.bias`, shape: [inner], init: zeros, beside: true },
    { name: `${name}.up.bias`, shape: [out], init: zeros, beside: true },
  ];
}

/** VeRA's projections: Kaiming-uniform from the method's own seed, one per size, shared by all places. */
function randomPart(side: 'down' | 'up', shape: readonly [number, number], { seed, projections }: Random): Part {
  const init = { kind: 'uniform', bound: Math.sqrt(6 / shape[0]), seed } as const;
  return { name: projectionName(seed, side, shape), shape, init, trained: false, stored: projections === 'stored' };
}

/** W = sum_i A_i (x) L_i R_i (Compacter): rule A [n, n, n], left [n, in / n, k], right [n, k, out / n]. */
function phmParts({ n, rank, share }: Phm, from: number, to: number, name: string): readonly Part[] {
  const glorot = (a: number, b: number): VariableInit => ({
    kind: 'uniform',
    bound: Math.sqrt(6 / (a + b)),
    seed: 'run',
  });
  return [
    { name: share ? `phm.rule.${n}` : `${name}.rule`, shape: [n, n, n], init: { kind: 'normal', std: 1e-4 } },
    { name: `${name}.left`, shape: [n, from / n, rank], init: glorot(from / n, rank) },
    { name: `${name}.right`, shape: [n, rank, to / n], init: glorot(rank, to / n) },
  ];
}
