import type { ModelShape } from '../../model/shape';
import { weightShapes } from '../../model/shapes';
import type { Site } from '../../model/site';
import type { Bottleneck, Form, Method, Modification, Reads, Unfrozen } from './types';
import { plus, sum, type Formula, type Letter, type Sizes } from './formula';
import { unfrozenNames } from '../forms/unfrozen';

/** Trained elements of a modification: at each of its places, and once for each stack. */
export interface SizeFormulas {
  readonly place: Formula;
  readonly stack: Formula;
}

/** The formulas by which `count` counts, in letters. */
export function sizeFormulas(modification: Modification): SizeFormulas {
  const { form, site, reads } = modification;
  const composed = compositionSize(modification);
  if (form.kind === 'diagonal') return { place: plus(sum(outLetter(site)), composed), stack: [] };
  if (form.kind === 'prefix') {
    if (form.reparameterisation.kind === 'none') return { place: plus(sum('2 l d_k'), composed), stack: [] };
    return { place: plus(sum('2 w d_k', '2 d_k'), composed), stack: sum('l d', 'd w', 'w') };
  }
  return {
    place: plus(
      bottleneckSize(form, inLetter(site, reads), outLetter(site)),
      reads === 'query(norm(x))' ? sum('2 d') : [],
      composed,
    ),
    stack: [],
  };
}

function bottleneckSize(form: Bottleneck, from: Letter, to: Letter): Formula {
  const { factors, innerNorm, perHead } = form;
  const biases = 'bias' in factors && factors.bias ? sum(perHead ? 'N r' : 'r', to) : [];
  const norm = innerNorm === 'none' ? [] : sum(`2 ${innerNorm === 'in' ? from : to}`);
  return plus(factorsSize(form, from, to), biases, norm);
}

function factorsSize({ factors, trains }: Bottleneck, from: Letter, to: Letter): Formula {
  switch (factors.kind) {
    case 'dense':
      return trains === 'up' ? sum(`r ${to}`) : sum(`r ${from}`, `r ${to}`);
    case 'principal':
      return sum(`r ${from}`, `r ${to}`);
    case 'triplet':
      return sum(`r ${from}`, `r ${to}`, 'r');
    case 'frozenRandom':
      return sum('r', to);
    case 'phm': {
      const c = factors.rank === 1 ? '' : 'c ';
      return sum(`${c}${from}`, `2 ${c}r`, `${c}${to}`, ...(factors.share ? [] : ['2 n n n']));
    }
  }
}

/** The learned scale, a gate's weight and bias, DoRA's magnitude. */
function compositionSize({ composition, form, site, reads }: Modification): Formula {
  switch (composition.kind) {
    case 'scaledAdd':
      return { fixed: [], learned: sum('1'), perChannel: sum(outLetter(site)) }[composition.scale.kind];
    case 'inputGate':
      return sum(inLetter(site, form.kind === 'prefix' ? 'x' : reads), '1');
    case 'renormalise':
      return sum(outLetter(site));
    case 'add':
    case 'massGate':
    case 'multiply':
      return [];
  }
}

/** What a method's own letters stand for. */
export function formSizes(form: Form): Sizes {
  switch (form.kind) {
    case 'diagonal':
      return {};
    case 'prefix':
      return {
        l: form.length,
        ...(form.reparameterisation.kind === 'mlp' ? { w: form.reparameterisation.width } : {}),
      };
    case 'bottleneck':
      return { r: form.r, ...(form.factors.kind === 'phm' ? { n: form.factors.n, c: form.factors.rank } : {}) };
  }
}

function inLetter(site: Site, reads: Reads): Letter {
  if (reads === 'h') return outLetter(site);
  if (reads.startsWith('query')) return 'd_a';
  return reads === 'x' && site === 'ffn.down' ? 'd_m' : 'd';
}

function outLetter(site: Site): Letter {
  if (/\.(key|value)$/.test(site)) return 'd_k';
  if (/\.(query|heads)$/.test(site)) return 'd_a';
  return site === 'ffn.up' || site === 'ffn.mid' ? 'd_m' : 'd';
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
  const weights = weightShapes(probeOf(shape));
  return (['outside', 'encoder', 'decoder'] as const).flatMap((where) => {
    const same = [...layers].filter(([layer]) => layer.startsWith(where)).map(([, found]) => found);
    const [first] = same;
    return first === undefined
      ? []
      : [{ where, times: same.length, formula: sum(...first.map((name) => product(weights[name] ?? []))) }];
  });
}

/** The same architecture with sizes that are all different: each side of a weight then tells its letter. */
function probeOf(shape: ModelShape): ModelShape {
  const { positions } = shape;
  const unlike = {
    width: 101,
    heads: 14,
    keyValueHeads: 7,
    headWidth: 11,
    ffnWidth: 103,
    vocabulary: 107,
    tokenTypes: shape.tokenTypes > 0 ? 109 : 0,
  };
  return {
    ...shape,
    ...unlike,
    positions:
      positions.kind === 'learned'
        ? { ...positions, rows: 113 }
        : positions.kind === 'relative'
          ? { ...positions, buckets: 127 }
          : positions,
  };
}

const letterOfSide = new Map(
  (
    [
      ['B', 127],
      ['P', 113],
      ['T', 109],
      ['V', 107],
      ['d_m', 103],
      ['d', 101],
      ['d_a', 154],
      ['d_k', 77],
      ['N', 14],
    ] as const
  ).map(([letter, side]) => [side as number, letter]),
);

function product(sides: readonly number[]): string {
  return sides
    .map((side) => {
      const letter = letterOfSide.get(side);
      if (letter === undefined) throw new Error(`no size of the model is ${side}`);
      return letter;
    })
    .join(' ');
}
