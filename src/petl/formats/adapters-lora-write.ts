import type { Change } from '../design/types';
import { leftOut, type Placed } from './adapters-bottleneck-write';
import { byName, cannot } from './base';
import type { Config } from './folder';
import { modulesOf } from './joint';
import type { Piece } from './pieces';
import { shaped, stacked, times, transposed, type Named, type Values } from './values';

/** LoRA or (IA)3 of one rank; every scale is folded into the up matrices but the first, which alpha says. */
export function loraConfig({ pieces, base }: Placed): Config {
  const unreached = pieces.find(({ site }) => !/\.(query|key|value|up|down)$/.test(site));
  if (unreached !== undefined)
    throw cannot(
      `a change at ${unreached.site}`,
      'adapters reaches query, key, value, both FFN matrices, and what attention and FFN put out',
    );
  const [{ change }] = pieces as readonly [Piece];
  const parts = new Set(pieces.map(({ site }) => site.replace(/^.*\./, '')));
  const llama = base.shape.family === 'llama'; // there adapters calls the down matrix intermediate, the up matrix output
  const attention = ['q', 'k', 'v'].filter((letter) =>
    [...parts].some((part) => part !== 'up' && part.startsWith(letter)),
  );
  const diagonal = change.form.kind === 'diagonal';
  const r = diagonal ? 1 : rankOf(pieces);
  return {
    architecture: 'lora',
    r,
    alpha: diagonal ? 1 : scaleOf(change) * r,
    dropout: 0,
    attn_matrices: attention,
    selfattn_lora: attention.length > 0,
    intermediate_lora: parts.has(llama ? 'down' : 'up'),
    output_lora: parts.has(llama ? 'up' : 'down'),
    composition_mode: diagonal ? 'scale' : 'add',
    init_weights: diagonal ? 'ia3' : 'lora',
    init_weights_seed: null,
    use_gating: change.composition.kind === 'inputGate',
    use_dora: false,
    vera_d: null,
    vera_b: null,
    dtype: null,
    leave_out: leftOut(pieces, base.shape),
  };
}

export function loraTensors({ pieces, base, name }: Placed): Named {
  const [{ change }] = pieces as readonly [Piece];
  return byName(
    modulesOf(pieces, base).flatMap(([module, places]) => {
      const present = places.flatMap(({ piece }) => (piece === undefined ? [] : [partsThere(piece, change)]));
      return Object.keys(present[0] ?? {}).map(
        (part) => [`${module}.loras.${name}.${part}`, stacked(present.map((parts) => parts[part] as Values))] as const,
      );
    }),
  );
}

function partsThere({ change, parts }: Piece, first: Change): Named {
  const factor = parts['factor'];
  if (factor !== undefined) return { lora_B: shaped(factor, [factor.values.length, 1]) };
  if (change.composition.kind !== first.composition.kind)
    throw cannot('gated and ungated LoRA', 'one adapter of adapters has one of them');
  const up = transposed(parts['up'] as Values);
  const gated = change.composition.kind === 'inputGate';
  const gate: Named = gated
    ? { 'gate.weight': transposed(parts['gate.weight'] as Values), 'gate.bias': parts['gate.bias'] as Values }
    : {};
  return {
    lora_A: transposed(parts['down'] as Values),
    lora_B: times(up, gated ? scaleOf(change) : scaleOf(change) / scaleOf(first)),
    ...gate,
  };
}

function rankOf(pieces: readonly Piece[]): number {
  const ranks = [
    ...new Set(
      pieces.map(({ change: { form } }) =>
        form.kind === 'bottleneck' &&
        form.activation === 'identity' &&
        form.factors.kind === 'dense' &&
        !form.factors.bias
          ? form.r
          : 0,
      ),
    ),
  ];
  if (ranks.length === 1 && ranks[0] !== undefined && ranks[0] > 0) return ranks[0];
  throw cannot('these changes of matrices', 'adapters has plain low-rank ones of one rank');
}

function scaleOf({ composition }: Change): number {
  if (composition.kind === 'add') return 1;
  if (composition.kind === 'scaledAdd' && composition.scale.kind === 'fixed') return composition.scale.value;
  if (composition.kind === 'inputGate' && composition.per === 'sequence') return composition.scale;
  throw cannot(`composition ${composition.kind}`, 'LoRA of adapters has a fixed scale, or a gate per sequence');
}
