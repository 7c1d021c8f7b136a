import { fitting, unsized, untold, type FormFields } from './field';
import type { Diagonal, Lookup, Prefix } from './types';
import { choice, since, size, variant, type Kinds, type Written } from './words';

const apart = { misfit: fitting, linear: () => false, tell: untold, letters: unsized } as const;
type Mlp = Prefix['reparameterisation'];

const none: Mlp = { kind: 'none' };
const kinds: Kinds<Mlp> = { none: { word: 'none', fields: {} }, mlp: { word: 'mlp', fields: { width: size('mlp') } } };

/** Written by the width alone: `mlp=800`. */
const reparameterisation: Written<Mlp> = {
  ...variant('mlp', kinds, none),
  read: (take) => {
    const width = take.size('mlp', 0);
    return width > 0 ? { kind: 'mlp', width } : none;
  },
  print: (value) => ({ mlp: value.kind === 'mlp' ? value.width : undefined }),
};

/** Learned positions of a text behind l virtual vectors, of a prefix and of a prompt. */
export const positionsField: Written<Prefix['positions']> = since(choice('positions', ['kept', 'shifted']), 'kept');

export const prefixFields: FormFields<Prefix> = {
  length: {
    ...apart,
    ...size('l', undefined, 'length'),
    misfit: (length, { positions }, fit) =>
      positions === 'shifted' && length >= fit.positions ? noRoom(length, fit.positions) : undefined,
    letters: { of: (l) => ({ l }), at: (_, { l }) => l },
  },
  reparameterisation: {
    ...apart,
    ...reparameterisation,
    tell: ({ kind }) => (kind === 'mlp' ? { note: ', P from an MLP' } : {}),
    letters: {
      of: (value) => (value.kind === 'mlp' ? { w: value.width } : {}),
      at: (value, { w }) => (value.kind === 'mlp' ? { ...value, width: w } : value),
    },
  },
  positions: {
    ...apart,
    ...positionsField,
    tell: (positions) => (positions === 'shifted' ? { note: ', text positions behind it' } : {}),
  },
};

export function noRoom(length: number, rows: number): string {
  return `l = ${length} leaves no room for a text among ${rows} positions; choose a smaller l or positions=kept`;
}

export const diagonalFields: FormFields<Diagonal> = {};

export const lookupFields: FormFields<Lookup> = {
  rows: { ...apart, ...size('rows'), letters: { of: (t) => ({ t }), at: (_, { t }) => t } },
};
