import { activations, activationTexts } from './activations';
import { type Field, fitting, unsized, untold, type FormFields, type Reason, type Telling } from './field';
import { isHeads, isProjection, isQuery } from './reads';
import type { Bottleneck, Factors, Init, Modification } from './types';
import { amount, choice, either, since, size, variant, type Kinds } from './words';

const plain = { misfit: fitting, linear: () => true, tell: untold, letters: unsized } as const;

/** A change of a weight matrix: at a projection, of its input. */
const ofWeight = ({ site, reads }: Modification): boolean => isProjection(site) && reads === 'x';

const inits: Kinds<Init> = {
  bert: { word: 'bert', fields: {} },
  lora: { word: 'lora', fields: {} },
  houlsby: { word: 'houlsby', fields: { std: amount('std', 0.01, 0.1) } },
};
const bias = either('bias', ['yes', 'no'], true);

const factorKinds: Kinds<Factors> = {
  dense: { word: 'dense', fields: { init: variant('init', inits, { kind: 'bert' }), bias } },
  phm: {
    word: 'phm',
    fields: { n: size('n', 4), rank: size('rank', 1), share: either('share', ['yes', 'no'], true), bias },
  },
  frozenRandom: {
    word: 'random',
    fields: {
      seed: size('seed', 1),
      initial: amount('start', 0.1, 0.2),
      projections: since(choice('projections', ['redrawn', 'stored']), 'redrawn'),
    },
  },
  principal: { word: 'principal', fields: {} },
  triplet: { word: 'triplet', fields: {} },
};

/** Everything that is to be known of each field of a bottleneck; in the order of its words. */
export const bottleneckFields: FormFields<Bottleneck> = {
  activation: {
    ...plain,
    ...choice('form', activations),
    print: (activation) => ({ form: activation }),
    wrong: (activation, { r }) =>
      !activations.includes(activation)
        ? `form must be ${activations.join(' or ')}, not ${activation}`
        : activation === 'softmax' && r === 1
          ? 'softmax over one unit is always 1; choose r of at least 2'
          : undefined,
    linear: (activation) => activation === 'identity',
    tell: (activation) => ({ hidden: (y) => (activation === 'identity' ? y : `${activationTexts[activation]}(${y})`) }),
  },
  r: {
    ...plain,
    ...size('r'),
    misfit: (r, form, { width, reads, out }) =>
      form.factors.kind === 'principal' && r > Math.min(reads, out)
        ? `r = ${r} exceeds the rank ${Math.min(reads, out)} of the matrix`
        : isLowRank(form) && r > width
          ? `r = ${r} exceeds the width ${width}, the most that a linear change can have; choose a smaller r`
          : undefined,
    letters: { of: (r) => ({ r }), at: (_, { r }) => r },
  },
  depth: {
    ...plain,
    ...size('depth', 1),
    complete: (stored) => stored ?? 1, // records that are older than the field
    wrong: (depth, { factors, perHead, activation, trains }, at) =>
      depth > 1 && (factors.kind !== 'dense' || perHead || activation === 'identity' || trains !== 'both')
        ? 'a bottleneck of more than one layer has dense factors that all train, an activation, and no heads'
        : size('depth', 1).wrong(depth, undefined, at),
    linear: (depth) => depth === 1,
    tell: (depth, { activation }) => ({
      hidden: (y) =>
        Array.from({ length: depth - 1 }).reduce<string>(
          (inner) => `${activationTexts[activation]}(${inner} W_middle)`,
          y,
        ),
    }),
  },
  perHead: {
    ...plain,
    ...either('heads', ['one', 'each'], false),
    wrong: (perHead, { factors }, { site, reads }) =>
      perHead && !isHeads(site)
        ? `${site} has no heads; a bottleneck per head modifies attn.heads or cross.heads`
        : perHead && factors.kind !== 'dense'
          ? 'a bottleneck per head has dense factors'
          : isQuery(reads) && !perHead
            ? 'queries are read per head'
            : undefined,
    misfit: (perHead, _, { reads, heads, headWidth }) =>
      perHead && reads !== heads * headWidth
        ? `a bottleneck per head reads ${heads} heads of ${headWidth}, not width ${reads}`
        : undefined,
    linear: (perHead) => !perHead,
  },
  innerNorm: {
    ...plain,
    ...choice('norm', ['none', 'in', 'out']),
    wrong: (innerNorm, _, { composition }) =>
      innerNorm === 'out' && composition.kind === 'scaledAdd'
        ? 'an outer LayerNorm undoes the scale; add without scale'
        : undefined,
    linear: (innerNorm) => innerNorm === 'none',
    tell: (innerNorm) =>
      innerNorm === 'none' ? {} : { [innerNorm === 'in' ? 'input' : 'output']: (text: string) => `LN(${text})` },
  },
  dropout: {
    ...plain,
    ...amount('drop', 0, 0.5),
    wrong: (dropout, _, { composition }) =>
      !(dropout >= 0 && dropout < 1)
        ? `dropout must lie in [0, 1), not ${dropout}`
        : dropout > 0 && composition.kind === 'renormalise'
          ? weightAlone
          : undefined,
    tell: (dropout) => (dropout > 0 ? { hidden: (y) => `drop(${y}, ${dropout})` } : {}),
  },
  trains: {
    ...plain,
    ...choice('trains', ['both', 'up']),
    wrong: (trains, { factors }) =>
      trains === 'up' && factors.kind !== 'dense'
        ? 'only dense factors can leave the down matrix untrained'
        : undefined,
    tell: (trains, form) => (trains === 'up' ? { note: `, ${matricesOf(form)[0]} frozen` } : {}),
  },
  factors: {
    ...plain,
    ...factorsField(),
    misfit: ({ kind, ...own }, { r }, { reads, out }) => {
      const n = kind === 'phm' && 'n' in own ? own.n : 1;
      return [reads, r, out].some((width) => width % n !== 0)
        ? `n = ${n} must divide ${reads}, ${r} and ${out}`
        : undefined;
    },
    linear: (factors) => !hasBias(factors),
    tell: ({ kind }, form): Telling => ({
      matrices: matricesOf(form),
      ...(kind === 'principal' ? { less: (x: string) => `${x} A_0 B_0` } : {}),
    }),
    letters: {
      of: (factors) => (factors.kind === 'phm' ? { n: factors.n, c: factors.rank } : {}),
      at: (factors, { n, c }) =>
        factors.kind === 'phm' ? { ...factors, n, rank: factors.rank === 1 ? 1 : c } : factors,
    },
  },
};

const weightAlone = 'a renormalised change of a weight has no biases and no dropout';

function factorsField(): Field<Factors, Bottleneck> {
  const written = variant('factors', factorKinds, { kind: 'dense', init: { kind: 'bert' }, bias: true });
  const wrong = (factors: Factors, form: Bottleneck, at: Modification): Reason => {
    const reason = written.wrong(factors, form, at);
    if (reason !== undefined) return reason;
    const renormalised = at.composition.kind === 'renormalise';
    if ((factors.kind === 'principal' || renormalised) && !(ofWeight(at) && isLinearBut('factors', at.form)))
      return 'principal factors and renormalisation change a weight matrix: a projection site, reading x, identity, no inner norm';
    return renormalised && hasBias(factors) ? weightAlone : undefined;
  };
  return { ...written, wrong };
}

/** Whether a bottleneck is a linear map of its input, one field apart. */
function isLinearBut(apart: keyof Bottleneck | undefined, form: Modification['form']): boolean {
  if (form.kind !== 'bottleneck') return false;
  return (Object.keys(bottleneckFields) as (keyof typeof bottleneckFields)[]).every(
    (name) => name === apart || (bottleneckFields[name].linear as (value: unknown) => boolean)(form[name]),
  );
}

/** VeRA's random directions cost nothing, so that there may be more of them than the matrix has. */
const isLowRank = (form: Bottleneck): boolean =>
  isLinearBut('factors', form) && form.factors.kind !== 'frozenRandom' && form.factors.kind !== 'phm';

function matricesOf({ factors, perHead }: Bottleneck): readonly [down: string, up: string] {
  switch (factors.kind) {
    case 'dense':
      return perHead ? ['P_kᵀ', 'P_v'] : ['W_down', 'W_up'];
    case 'phm':
      return ['(Σ A_i ⊗ B_i)', '(Σ A_i ⊗ C_i)'];
    case 'frozenRandom':
      return ['R_1 diag(c)', 'R_2 diag(b)'];
    case 'principal':
      return ['A', 'B'];
    case 'triplet':
      return ['P diag(e)', 'Q'];
  }
}

export function hasBias(factors: Factors): boolean {
  return (factors.kind === 'dense' || factors.kind === 'phm') && factors.bias;
}
