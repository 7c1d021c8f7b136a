import type { Change } from '../design/types';
import { cannot, number, type Base } from './base';
import type { Config } from './folder';
import { joint, modulesOf, widened } from './joint';
import { partsByModule, type BlockPart } from './modules';
import { byModule, demandPlaces, lowRankForm, siteOf, sliceOf, type Found } from './peft-lora';
import { scaleOfChange, type Made } from './peft-lora-write';
import type { Piece } from './pieces';
import { byRow, singularOf } from './plain';
import { filled, shaped, stacked, transposed, type Named, type Values } from './values';

/** PEFT divides by the rank that training started with, plus this. */
const tiny = 1e-5;

/**
 * AdaLoRA: s B (E A), s = alpha / (init_r + 1e-5). A saved file has the directions that were left, so none is switched
 * off here.
 */
export function readAdaLora(config: Config, tensors: Named, { shape }: Base): Found {
  const { modules, used } = byModule(tensors, ['lora_A', 'lora_B', 'lora_E']);
  const partsOf = partsByModule(shape);
  const scale = number(config, 'lora_alpha') / (number(config, 'init_r') + tiny);
  return {
    used,
    pieces: [...modules].flatMap(([module, parts]) => moduleWith(module, parts, { scale, places: partsOf(module) })),
  };
}

interface Where {
  readonly scale: number;
  readonly places: readonly BlockPart[];
}

function moduleWith(
  module: string,
  { lora_A: a, lora_B: b, lora_E: e }: Named,
  { scale, places }: Where,
): readonly Piece[] {
  if (a === undefined || b === undefined || e === undefined)
    throw cannot(`AdaLoRA on ${module}`, 'one of its three tensors is missing');
  demandPlaces(module, places);
  const r = a.shape[0] as number;
  if (r === 0) return []; // every direction was pruned
  const change: Change = {
    form: lowRankForm(r, { kind: 'triplet' }),
    composition: { kind: 'scaledAdd', scale: { kind: 'fixed', value: scale } },
  };
  return places.map(({ stack, layer, part }, i) => ({
    stack,
    layer,
    site: siteOf(part, module),
    reads: 'x',
    change,
    parts: {
      down: transposed(a),
      up: transposed(sliceOf(b, i, places.length)),
      singular: shaped(e, [r]),
      mask: filled([r], 1),
    },
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
  return { config, tensors: Object.fromEntries(tensors) };
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
