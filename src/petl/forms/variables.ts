import type { ModelShape } from '../../model/shape';
import { tableWidth } from '../../model/shapes';
import type { Method, Modification, Prefix } from '../design/types';
import { bottleneckParts } from './factors';
import { connectorParts } from './connector-parts';
import { formName, keyValueWidth, placesOf, siteWidths, type Place } from '../design/places';
import { generatorParts } from './generator-parts';
import { bertInit, kaiming, normParts, ones, zeros, type Part, type VariableInit, type VariableSpec } from './spec';

/** The trained rows of the word table: those at its end, those of named tokens. */
export const tokenRowsNames = { tokenRows: 'embedding.word.rows', tokens: 'embedding.word.tokens' } as const;

/** What of a method adds tensors. */
export type Added = Pick<Method, 'modifications' | 'prompt' | 'passes' | 'unfrozen'>;

/** Every tensor that the method adds to a model of this shape, trained ones and constants; names are unique. */
export function specsOf(method: Added, shape: ModelShape): readonly VariableSpec[] {
  const own = method.modifications.flatMap((modification, index) => {
    const parts = modificationParts(modification, shape, formName(method, index));
    return parts.map((part) => ({ trained: true, stored: true, beside: false, ...part, modification: index }));
  });
  // parts that places share (a PHM rule, random projections) appear once
  return [
    ...new Map(
      [...tokenRows(method, shape), ...promptVectors(method, shape), ...connector(method, shape), ...own].map(
        (spec) => [spec.name, spec],
      ),
    ).values(),
  ];
}

/** The method's own trained variables. */
export function variablesOf(method: Added, shape: ModelShape): readonly VariableSpec[] {
  return specsOf(method, shape).filter(({ trained }) => trained);
}

/** Names of a prefix MLP's tensors; one MLP serves all layers of one stack and attention kind. */
export function mlpName(place: Pick<Place, 'stack' | 'site'>, form: string): string {
  return `${place.stack}.${place.site}.${form}.mlp`;
}

function modificationParts(modification: Modification, shape: ModelShape, form: string): readonly Part[] {
  const places = placesOf(modification, shape);
  const composed = places.flatMap((place) => compositionParts(modification, shape, place, `${place.name}.${form}`));
  return [...formParts(modification, shape, places, form), ...composed.map((part) => ({ ...part, beside: true }))];
}

function formParts(
  modification: Modification,
  shape: ModelShape,
  places: readonly Place[],
  form: string,
): readonly Part[] {
  const kind = modification.form;
  switch (kind.kind) {
    case 'prefix':
      return prefixParts(kind, shape, places, form);
    case 'diagonal':
      return places.map(({ name, out }) => ({ name: `${name}.${form}.factor`, shape: [out], init: ones }));
    case 'lookup':
      return places.map(({ name, out }) => ({ name: `${name}.${form}.rows`, shape: [kind.rows, out], init: bertInit }));
    case 'bottleneck':
      return places.flatMap((place) => [
        ...bottleneckParts(kind, place, `${place.name}.${form}`, shape.heads),
        ...(modification.reads === 'query(norm(x))' ? normParts(`${place.name}.${form}.queryNorm`, shape.width) : []),
      ]);
  }
}

function prefixParts(
  { length, reparameterisation }: Prefix,
  shape: ModelShape,
  places: readonly Place[],
  form: string,
): readonly Part[] {
  const width = keyValueWidth(shape);
  if (reparameterisation.kind === 'none') {
    return places.flatMap(({ name }) =>
      ['keys', 'values'].map((part) => ({ name: `${name}.${form}.${part}`, shape: [length, width], init: bertInit })),
    );
  }
  const middle = reparameterisation.width;
  return [...new Set(places.map((place) => mlpName(place, form)))].flatMap((name) => {
    const layers = places.filter((place) => mlpName(place, form) === name).length;
    const dense = (part: string, from: number, to: number): Part[] => [
      { name: `${name}.${part}.weight`, shape: [from, to], init: kaiming(from), stored: false },
      { name: `${name}.${part}.bias`, shape: [to], init: kaiming(from), stored: false },
    ];
    return [
      {
        name: `${name}.embedding`,
        shape: [length, shape.width],
        init: { kind: 'normal', std: 1 } as const,
        stored: false,
      },
      ...dense('hidden', shape.width, middle),
      ...dense('out', middle, layers * 2 * width),
    ];
  });
}

function compositionParts(
  { composition, form, site }: Modification,
  shape: ModelShape,
  place: Place,
  name: string,
): readonly Part[] {
  switch (composition.kind) {
    case 'scaledAdd': {
      const { scale } = composition;
      if (scale.kind === 'fixed') return [];
      return [
        {
          name: `${name}.scale`,
          shape: [scale.kind === 'learned' ? 1 : place.out],
          init: { kind: 'constant', value: scale.initial },
        },
      ];
    }
    case 'inputGate': {
      const width = form.kind === 'prefix' ? siteWidths(shape, site).x : place.reads;
      return [
        { name: `${name}.gate.weight`, shape: [width, 1], init: bertInit },
        { name: `${name}.gate.bias`, shape: [1], init: zeros },
      ];
    }
    case 'renormalise':
      return [{ name: `${name}.magnitude`, shape: [place.out], init: { kind: 'columnNorms', weight: place.weight } }];
    case 'add':
    case 'massGate':
    case 'multiply':
      return [];
  }
}

function promptVectors({ prompt }: Added, shape: ModelShape): readonly VariableSpec[] {
  if (prompt.kind === 'none') return [];
  if (prompt.kind === 'written')
    return generatorParts(prompt, shape).map((part) => ({
      trained: true,
      stored: true,
      beside: false,
      ...part,
      modification: 'prompt',
    }));
  const init: VariableInit = prompt.init.kind === 'random' ? bertInit : { kind: 'words', rows: prompt.init };
  return [
    {
      name: 'prompt',
      shape: [prompt.length, tableWidth(shape)],
      init,
      trained: true,
      stored: true,
      beside: false,
      modification: 'prompt',
    },
  ];
}

function connector(method: Added, shape: ModelShape): readonly VariableSpec[] {
  const own = { trained: true, stored: true, beside: false, modification: 'connector' } as const;
  return connectorParts(method, shape).map((part) => ({ ...own, ...part }));
}

function tokenRows({ unfrozen }: Added, shape: ModelShape): readonly VariableSpec[] {
  return unfrozen.flatMap((part) =>
    part.kind !== 'tokenRows' && part.kind !== 'tokens'
      ? []
      : [
          {
            name: tokenRowsNames[part.kind],
            shape: [part.kind === 'tokens' ? part.ids.length : part.count, tableWidth(shape)],
            init: {
              kind: 'words',
              rows: part.kind === 'tokens' ? { kind: 'tokens', ids: part.ids } : { kind: 'last' },
            },
            trained: true,
            stored: true,
            beside: false,
            modification: 'tokenRows',
          } satisfies VariableSpec,
        ],
  );
}
