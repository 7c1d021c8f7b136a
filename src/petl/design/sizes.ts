import type { ModelShape } from '../../model/shape';
import { weightShapes } from '../../model/shapes';
import { sizeOf, type VariableSpec } from '../forms/spec';
import { unfrozenNames } from '../forms/unfrozen';
import { specsOf } from '../forms/variables';
import { resized } from './forms';
import { factorised, formulaText, minus, summed, type Formula, type Sizes, type Term } from './formula';
import type { Method, Modification, Unfrozen } from './types';

/** Trained elements of a modification: at each of its places, for each stack, and by name what all places share. */
export interface SizeFormulas {
  readonly place: Formula;
  readonly stack: Formula;
  readonly once: ReadonlyMap<string, Formula>;
}

/**
 * The sizes of a modification's trained tensors in letters. They are those of `specsOf` on a model whose sizes are all
 * different primes, so that each product of them tells its letters.
 */
export function sizeFormulas(modification: Modification, shape: ModelShape): SizeFormulas {
  const resizedForm = { ...modification, form: resized(modification.form, primes) } as Modification;
  const [one, two] = ([1, 2] as const).map((layers) => trainedOn(resizedForm, probeOf(shape, layers))) as [
    readonly VariableSpec[],
    readonly VariableSpec[],
  ];
  const [whole, more] = [formulaOf(one.filter(isPlaced)), formulaOf(two.filter(isPlaced))];
  const place = modification.site === 'embedding' ? whole : minus(more, whole);
  const names = trainedOn(modification, probeOf(shape, 1)).filter((spec) => !isPlaced(spec));
  const shared = one.filter((spec) => !isPlaced(spec));
  return {
    place,
    stack: minus(whole, place),
    once: new Map(shared.map((spec, i) => [names[i]?.name ?? '', formulaOf([spec])])),
  };
}

function trainedOn(modification: Modification, probe: ModelShape): readonly VariableSpec[] {
  const alone = { ...modification, stacks: ['decoder'], layers: 'all' } as const;
  const nothing = { unfrozen: [], prompt: { kind: 'none' }, passes: { kind: 'once' } } as const;
  return specsOf({ ...nothing, modifications: [alone] }, probe).filter(({ trained }) => trained);
}

/** Not shared by all places. */
const isPlaced = ({ name }: VariableSpec): boolean => /^(encoder|decoder)\./.test(name);

function formulaOf(specs: readonly VariableSpec[]): Formula {
  return summed(specs.map((spec) => factorised(sizeOf(spec.shape), primes)));
}

/** The model's own weights of one layer, or of what lies outside all layers, and how many such layers train. */
export interface OwnSize {
  readonly where: 'encoder' | 'decoder' | 'outside';
  readonly times: number;
  readonly formula: Formula;
}

/** What a part of a method unfreezes and no earlier part does. @param index of the part */
export function ownSizes(method: Method, index: number, shape: ModelShape): readonly OwnSize[] {
  const names = (parts: readonly Unfrozen[]): readonly string[] => unfrozenNames({ ...method, unfrozen: parts }, shape);
  const before = new Set(names(method.unfrozen.slice(0, index)));
  const own = names(method.unfrozen.slice(index, index + 1)).filter((name) => !before.has(name));
  const layers = new Map<string, string[]>();
  for (const name of own) {
    const layer = /^(encoder|decoder)\.\d+\./.exec(name)?.[0] ?? 'outside';
    layers.set(layer, [...(layers.get(layer) ?? []), name]);
  }
  const weights = weightShapes({ ...probeOf(shape, 1), ...layersOfBoth(shape) });
  return (['outside', 'encoder', 'decoder'] as const).flatMap((where) => {
    const same = [...layers].filter(([layer]) => layer.startsWith(where)).map(([, found]) => found);
    const formulas = same.map((found) => summed(found.map((name) => product(weights[name] ?? []))));
    return alike(formulas).map(([formula, times]) => ({ where, times, formula }));
  });
}

/** Each formula and how often it is there: not all layers need have the same weights. */
function alike(formulas: readonly Formula[]): readonly (readonly [formula: Formula, times: number])[] {
  const texts = formulas.map(formulaText);
  return [...new Set(texts)].map((text) => [
    formulas[texts.indexOf(text)] as Formula,
    texts.filter((other) => other === text).length,
  ]);
}

const layersOfBoth = ({ encoderLayers, decoderLayers }: ModelShape) => ({ encoderLayers, decoderLayers });

function product(sides: readonly number[]): Term {
  const term = factorised(sizeOf(sides), primes);
  if (term.times !== 1) throw new Error(`no sizes of the model are ${sides.join(' x ')}`);
  return term;
}

/**
 * What each letter stands for on the probe: a prime of its own, times n where Kronecker terms divide it, times the
 * primes of what it is a product of.
 */
const n = 13;
const [heads, keyValueHeads, headWidth] = [37, 41, 43 * n];
const primes: Required<Sizes> = {
  n,
  c: 17,
  r: 19 * n,
  l: 23,
  q: 131,
  e: 137,
  w: 29,
  t: 31,
  V: 107,
  P: 113,
  T: 109,
  B: 127,
  N: heads,
  d: 101 * n,
  d_e: 131 * n,
  d_a: heads * headWidth,
  d_k: keyValueHeads * headWidth,
  d_h: headWidth,
  d_m: 103 * n,
};

/** The same architecture with those sizes, as an encoder-decoder, which has every site. */
function probeOf(shape: ModelShape, layers: number): ModelShape {
  const { positions } = shape;
  return {
    ...shape,
    encoderLayers: layers,
    decoderLayers: layers,
    width: primes.d,
    heads,
    keyValueHeads,
    headWidth,
    ffnWidth: primes.d_m,
    vocabulary: primes.V,
    tokenTypes: shape.tokenTypes > 0 ? primes.T : 0,
    embeddingWidth: shape.embeddingWidth === null ? null : primes.d_e,
    positions:
      positions.kind === 'learned'
        ? {
            ...positions,
            rows: primes.P,
            ...(positions.distances && { distances: { ...positions.distances, buckets: primes.B } }),
          }
        : positions.kind === 'relative'
          ? { ...positions, buckets: primes.B }
          : positions,
  };
}
