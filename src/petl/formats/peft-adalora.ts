import { UserError } from '../../errors';
import type { Site } from '../../model/site';
import type { Change } from '../design/types';
import { byName, cannot, number, type Base } from './base';
import type { Config } from './folder';
import { cut, joint, modulesOf, widened } from './joint';
import { demandKnownStart, lowRankForm, type Found } from './peft-lora';
import { scaleOfChange, type Made } from './peft-lora-write';
import { chosenModules, demandRank, type Chosen, type Source } from './peft-modules';
import type { Piece } from './pieces';
import { byRow, singularOf } from './plain';
import { demandShape, filled, shaped, stacked, transposed, type Values } from './values';

/** PEFT divides by the rank that training started with, plus this. */
const tiny = 1e-5;

/**
 * AdaLoRA: s B (E A), s = alpha / (init_r + 1e-5). A saved file has the directions that were left, so none is switched
 * off here.
 */
export function readAdaLora(source: Source): Found {
  const { config } = source;
  demandKnownStart(config);
  const { chosen, used } = chosenModules(source, ['lora_A', 'lora_B', 'lora_E']);
  const [alpha, initial] = [number(config, 'lora_alpha'), number(config, 'init_r')];
  if (alpha <= 0) throw cannot(`AdaLoRA with lora_alpha = ${alpha}`, 'PEFT takes the rank in its place');
  const kept = keptRanks(config);
  return {
    used,
    pieces: chosen.flatMap((one) =>
      piecesAt(one, { scale: alpha / (initial + tiny), r: kept.get(one.module) ?? initial, base: source.base }),
    ),
  };
}

/** Directions left of each module, by `rank_pattern`. */
function keptRanks(config: Config): ReadonlyMap<string, number> {
  return new Map(
    Object.entries(config['rank_pattern'] ?? {}).map(([name, kept]) => {
      if (!Array.isArray(kept) || !kept.every((on) => typeof on === 'boolean'))
        throw new UserError(`adapter_config.json: rank_pattern of ${name} must be a list of true and false`);
      return [name.replace(/\.lora_E(?:\.default)?$/, ''), kept.filter(Boolean).length];
    }),
  );
}

function piecesAt(
  { module, parts, places }: Chosen,
  { scale, r: said, base }: { readonly scale: number; readonly r: number; readonly base: Base },
): readonly Piece[] {
  const { lora_A: a, lora_B: b, lora_E: e } = parts;
  if (a === undefined || b === undefined || e === undefined)
    throw cannot(`AdaLoRA on ${module}`, 'one of its three tensors is missing');
  for (const found of [a.shape[0], b.shape[1], e.shape[0]]) demandRank(module, said, found as number);
  const r = a.shape[0] as number;
  demandShape(`lora_E of ${module}`, e, [r, 1]);
  if (r === 0) return []; // every direction was pruned
  const change: Change = {
    form: lowRankForm(r, { kind: 'triplet' }),
    composition: { kind: 'scaledAdd', scale: { kind: 'fixed', value: scale } },
  };
  const ups = cut(b, places, base);
  return places.map(({ stack, layer, part }, i) => ({
    stack,
    layer,
    site: part as Site,
    reads: 'x',
    change,
    parts: { down: transposed(a), up: transposed(ups[i] as Values), singular: shaped(e, [r]), mask: filled([r], 1) },
  }));
}

/** All modules at one rank, the highest: directions that are switched off or missing have singular value 0. */
export function writeAdaLora(pieces: readonly Piece[], base: Base): Made {
  const made = modulesOf(pieces, base).map(([module, places]) => {
    const pair = joint(places, base, ({ parts }) => ({
      a: transposed(parts['down'] as Values),
      b: transposed(parts['up'] as Values),
    }));
    const singular = places.flatMap(({ piece }) =>
      piece === undefined
        ? []
        : [byRow(shaped(singularOf(piece.parts), [singularOf(piece.parts).values.length, 1]), scales(piece, module))],
    );
    return { module, ...pair, e: stacked(singular) };
  });
  const r = Math.max(...made.map(({ a }) => a.shape[0] as number));
  const tensors = made.flatMap(({ module, a, b, e }) =>
    Object.entries({
      lora_A: taller(a, r),
      lora_B: widened(b, 0, r),
      lora_E: taller(factored(e, (r + tiny) / r), r),
    }).map(([part, values]) => [`base_model.model.${module}.${part}`, values] as const),
  );
  const config = {
    peft_type: 'ADALORA',
    init_r: r,
    target_r: r,
    lora_alpha: r,
    lora_dropout: 0,
    bias: 'none',
    tinit: 0,
    tfinal: 0,
    deltaT: 1,
    beta1: 0.85,
    beta2: 0.85,
    orth_reg_weight: 0.5,
    total_step: 1,
    rank_pattern: null,
    fan_in_fan_out: base.shape.family === 'gpt2',
    target_modules: made.map(({ module }) => module),
    init_lora_weights: true,
  };
  return { config, tensors: byName(tensors) };
}

function scales({ change, parts }: Piece, module: string): Values {
  const { shape } = parts['singular'] as Values;
  return filled(shape, scaleOfChange(change, module));
}

function factored({ shape, values }: Values, factor: number): Values {
  return { shape, values: values.map((value) => value * factor) };
}

/** Rows of zeros below. */
function taller(values: Values, rows: number): Values {
  const [own, width] = values.shape as [number, number];
  return own === rows ? values : stacked([values, filled([rows - own, width], 0)]);
}
