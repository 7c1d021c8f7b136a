import type { ModelShape } from '../../model/shape';
import { layersOf, stacksOf } from '../../model/shapes';
import type { Site } from '../../model/site';
import type { Bottleneck, Composition, Form, Layers, Method, Modification, Prefix, Reads } from './types';
import { placesOf, readWidth, siteWidths } from './places';

type Check = readonly [fails: boolean, reason: string];

/** The first reason why a modification is no point of the design space, or undefined. Says what the types cannot. */
export function whyInvalidModification(modification: Modification): string | undefined {
  const { site, stacks, layers, reads, form, composition } = modification;
  return (
    whyUntyped(form, composition) ??
    first([
      ...sizeChecks(modification),
      [stacks.length === 0, 'no stack is named; name encoder, decoder or both'],
      [
        layers !== 'all' && !('from' in layers) && (layers.length === 0 || new Set(layers).size < layers.length),
        'layers must be "all", from one on, or a list of distinct layers',
      ],
      [
        isQuery(reads) && !isHeads(site) && form.kind !== 'prefix',
        `${site} has no queries to read; read x or h, or modify attn.heads`,
      ],
      [
        /residual/.test(reads) && !['attn', 'cross', 'ffn'].includes(site),
        `${site} is added to no residual; modify attn, cross or ffn`,
      ],
      [fixedScale(composition) === 0, 's = 0 switches the modification off; choose another s'],
      ...(form.kind === 'prefix'
        ? prefixChecks(site, reads)
        : form.kind === 'bottleneck'
          ? bottleneckChecks(modification, form)
          : [[reads !== 'h', 'a diagonal scales h: it must read h'] as const]),
    ])
  );
}

/** What the union `Change` refuses at compile time, said at run time. */
function whyUntyped({ kind }: Form, composition: Composition): string | undefined {
  const allowed = {
    bottleneck: ['add', 'scaledAdd', 'inputGate', 'multiply', 'renormalise'],
    prefix: ['massGate', 'add', 'scaledAdd', 'inputGate'],
    diagonal: ['multiply'],
  }[kind];
  const gated = composition.kind === 'massGate' ? '; the gate by attention mass exists only for a prefix' : '';
  return allowed.includes(composition.kind)
    ? undefined
    : `a ${kind} is put back by ${allowed.join(', ')}, not by ${composition.kind}${gated}`;
}

/** The first reason why a method cannot be applied to a model, or undefined. */
export function whyInvalid(method: Method, shape: ModelShape): string | undefined {
  const { modifications, unfrozen } = method;
  for (const modification of modifications) {
    const reason = whyInvalidModification(modification) ?? misfit(modification, shape);
    if (reason !== undefined) return reason;
  }
  // a method may name cross-attention beside self-attention and serve models without it
  const lost = modifications.find(
    (modification) => !modification.site.startsWith('cross') && placesOf(modification, shape).length === 0,
  );
  return first([
    [lost !== undefined, `${lost?.site ?? ''} matches nothing in the model; choose layers and stacks that it has`],
    [
      modifications.length > 0 && modifications.every((m) => placesOf(m, shape).length === 0),
      'the model has none of its sites',
    ],
    [
      unfrozen.length > 1 && unfrozen.some(({ kind }) => kind === 'all'),
      'with all weights trained, training some of them again has no effect; leave one out',
    ],
    [
      unfrozen.some((part) => part.kind === 'tokenRows' && part.count > shape.vocabulary),
      `the word table has ${shape.vocabulary} rows`,
    ],
  ]);
}

function first(checks: readonly Check[]): string | undefined {
  return checks.find(([fails]) => fails)?.[1];
}

function sizeChecks({ form }: Modification): readonly Check[] {
  if (form.kind === 'diagonal') return [];
  const size = form.kind === 'prefix' ? form.length : form.r;
  return [
    [
      !Number.isSafeInteger(size) || size < 1,
      `${form.kind === 'prefix' ? 'length' : 'r'} must be a whole number of at least 1, not ${size}`,
    ],
  ];
}

function prefixChecks(site: Site, reads: Reads): readonly Check[] {
  return [
    [!isHeads(site), `a prefix stands beside keys and values: it modifies attn.heads or cross.heads, not ${site}`],
    [reads !== 'query', 'a prefix reads the query'],
  ];
}

function bottleneckChecks(modification: Modification, form: Bottleneck): readonly Check[] {
  const { site, reads, composition } = modification;
  const { factors, activation, innerNorm, r } = form;
  const plain = activation === 'identity' && innerNorm === 'none' && !form.perHead;
  return [
    [form.perHead && !isHeads(site), `${site} has no heads; a bottleneck per head modifies attn.heads or cross.heads`],
    [form.perHead && factors.kind !== 'dense', 'a bottleneck per head has dense factors'],
    [isQuery(reads) && !form.perHead, 'queries are read per head'],
    [form.trains === 'up' && factors.kind !== 'dense', 'only dense factors can leave the down matrix untrained'],
    [activation === 'softmax' && r === 1, 'softmax over one unit is always 1; choose r of at least 2'],
    [form.dropout < 0 || form.dropout >= 1, `dropout must lie in [0, 1), not ${form.dropout}`],
    [
      (factors.kind === 'principal' || composition.kind === 'renormalise') &&
        !(isLinear(site) && reads === 'x' && plain),
      'principal factors and renormalisation change a weight matrix: a projection site, reading x, identity, no inner norm',
    ],
    [
      composition.kind === 'renormalise' && (hasBias(form) || form.dropout > 0),
      'a renormalised change of a weight has no biases and no dropout',
    ],
    [innerNorm === 'out' && composition.kind === 'scaledAdd', 'an outer LayerNorm undoes the scale; add without scale'],
  ];
}

function listed(layers: Layers): readonly number[] {
  if (layers === 'all') return [];
  return 'from' in layers ? [layers.from] : layers;
}

/** What depends on the model's widths and depth. */
function misfit(modification: Modification, shape: ModelShape): string | undefined {
  const { site, reads, form, layers } = modification;
  const stacks = stacksOf(shape).filter((stack) => modification.stacks.includes(stack));
  const deepest = Math.max(0, ...stacks.map((stack) => layersOf(shape, stack)));
  return first([
    [
      listed(layers).some((layer) => !Number.isInteger(layer) || layer < 0 || layer >= deepest),
      `layers ${listed(layers).join()} must lie between 0 and ${deepest - 1}`,
    ],
    [stacks.length === 0, `the model has no ${modification.stacks.join(' or ')}`],
    ...(form.kind === 'bottleneck'
      ? widthChecks(form, readWidth(shape, site, reads), siteWidths(shape, site).h, shape)
      : []),
  ]);
}

function widthChecks(form: Bottleneck | Prefix, reads: number, out: number, shape: ModelShape): readonly Check[] {
  if (form.kind === 'prefix') return [];
  const { factors, perHead } = form;
  const n = factors.kind === 'phm' ? factors.n : 1;
  return [
    [[reads, form.r, out].some((width) => width % n !== 0), `n = ${n} must divide ${reads}, ${form.r} and ${out}`],
    [
      perHead && reads !== shape.heads * shape.headWidth,
      `a bottleneck per head reads ${shape.heads} heads of ${shape.headWidth}, not width ${reads}`,
    ],
    [
      factors.kind === 'principal' && form.r > Math.min(reads, out),
      `r = ${form.r} exceeds the rank ${Math.min(reads, out)} of the matrix`,
    ],
  ];
}

/** The scale of what is added, if it does not train. */
function fixedScale(composition: Composition): number | undefined {
  if (composition.kind === 'inputGate') return composition.scale;
  return composition.kind === 'scaledAdd' && composition.scale.kind === 'fixed' ? composition.scale.value : undefined;
}

const isHeads = (site: Site): boolean => site.endsWith('.heads');
const isQuery = (reads: Reads): boolean => reads.startsWith('query');
const isLinear = (site: Site): boolean => /\.(query|key|value|up|down)$/.test(site);
const hasBias = ({ factors }: Bottleneck): boolean =>
  (factors.kind === 'dense' || factors.kind === 'phm') && factors.bias;
