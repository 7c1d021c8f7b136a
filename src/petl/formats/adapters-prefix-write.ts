import { hasCrossAttention } from '../../model/shapes';
import type { Placed } from './adapters-bottleneck-write';
import { demandHeads, onRelative } from './adapters-prefix';
import { byName, cannot } from './base';
import type { Config } from './folder';
import { modulePath, rootOf } from './modules';
import type { Piece } from './pieces';
import { beside, shaped, transposed, type Named, type Values } from './values';

/** Free prefixes: adapters' `flat`. */
export function prefixConfig({ pieces, base: { shape } }: Placed): Config {
  const [
    {
      change: { form, composition },
    },
  ] = pieces as readonly [Piece];
  if (shape.positions.kind === 'relative') throw cannot('a prefix on T5', onRelative);
  demandHeads(shape);
  const gated = composition.kind === 'inputGate';
  if (
    form.kind !== 'prefix' ||
    !(composition.kind === 'massGate' || (gated && composition.per === 'sequence' && composition.scale === 1))
  ) {
    throw cannot('this prefix', 'adapters has the gate by attention mass, with or without a gate per sequence');
  }
  if (form.positions === 'shifted' && shape.positions.kind === 'learned')
    throw cannot('a prefix with positions=shifted', 'in adapters the text keeps its positions');
  const has = (stack: Piece['stack'], site: string): boolean =>
    pieces.some((piece) => piece.stack === stack && piece.site === site);
  const pair = hasCrossAttention(shape);
  const layers = pair ? shape.encoderLayers + 2 * shape.decoderLayers : shape.encoderLayers + shape.decoderLayers;
  if (pieces.length !== layers || (pair && !has('encoder', 'attn.heads')))
    throw cannot('a prefix on some attentions only', 'adapters is written here with one on each');
  return {
    architecture: 'prefix_tuning',
    prefix_length: form.length,
    flat: true,
    encoder_prefix: true,
    cross_prefix: true,
    bottleneck_size: 512,
    non_linearity: 'tanh',
    dropout: 0,
    use_gating: gated,
    shared_gating: true,
    leave_out: [],
    init_weights_seed: null,
  };
}

export function prefixTensors({ pieces, base: { shape }, name }: Placed): Named {
  const groups = new Map<string, Piece[]>();
  for (const piece of pieces) {
    const group = groupOf(piece, hasCrossAttention(shape), shape.family === 'distilbert');
    groups.set(group, [...(groups.get(group) ?? []), piece]);
  }
  const flat = [...groups].map(([group, members]) => {
    const slots = beside(members.flatMap(({ parts }) => [parts['keys'] as Values, parts['values'] as Values])); // [l, 2 L width]
    return [
      `${rootOf(shape)}prefix_tuning.prefix_tunings.${name}.${group}.control_trans`,
      shaped(slots, [slots.values.length]),
    ] as const;
  });
  const gates = pieces
    .filter(({ parts }) => parts['gate.weight'] !== undefined)
    .flatMap((piece) => {
      const attention = modulePath(shape, { ...piece, part: piece.site.replace('heads', 'query') }).replace(
        /\.[^.]+$/,
        '',
      );
      const at = `${attention}.prefix_tuning.prefix_gates.${name}`;
      return [
        [`${at}.weight`, transposed(piece.parts['gate.weight'] as Values)],
        [`${at}.bias`, piece.parts['gate.bias'] as Values],
      ] as const;
    });
  return byName([...flat, ...gates]);
}

function groupOf({ stack, site }: Piece, pair: boolean, bare: boolean): string {
  if (site === 'cross.heads') return 'cross_prefix';
  if (bare) return 'self';
  return pair && stack === 'encoder' ? 'encoder_prefix' : 'self_prefix';
}
