import { UserError } from '../../errors';
import type { Site } from '../../model/site';
import type { Bottleneck, Change, Factors } from '../design/types';
import { bottleneck } from '../design/methods';
import { cannot, flag, number, word, type Base } from './base';
import type { Config } from './folder';
import { byParts, cut } from './joint';
import { chosenModules, demandRank, type Chosen, type Source } from './peft-modules';
import type { Piece } from './pieces';
import { principalStart } from './pissa';
import { patternValues } from './targets';
import { filled, transposed, type Named, type Values } from './values';

export interface Found {
  readonly pieces: readonly Piece[];
  readonly used: readonly string[];
}

/**
 * LoRA, rsLoRA, DoRA and PiSSA: W + s B A, s = alpha / r or alpha / sqrt(r). A shared over query, key and value (GPT-2)
 * is copied to each.
 */
export function readLora(source: Source): Found {
  const { config, base } = source;
  demandKnownStart(config);
  const { chosen, used } = chosenModules(source, ['lora_A', 'lora_B', 'lora_B\\.bias', 'lora_magnitude_vector']);
  const among = { modules: chosen.map(({ module }) => module), notes: source.notes };
  const [ranks, alphas] = [patternValues(config, 'rank_pattern', among), patternValues(config, 'alpha_pattern', among)];
  const settings = chosen.map(({ module }) => {
    const r = ranks.get(module) ?? number(config, 'r');
    const alpha = alphas.get(module) ?? number(config, 'lora_alpha');
    return { r, scale: flag(config, 'use_rslora') ? alpha / Math.sqrt(r) : alpha / r };
  });
  return {
    used,
    pieces: chosen.flatMap((one, i) => piecesAt(one, { config, base, ...(settings[i] as (typeof settings)[number]) })),
  };
}

/**
 * Some starts take their part out of the frozen weights when a folder is opened; of those only PiSSA's by exact SVD can
 * be repeated.
 */
export function demandKnownStart(config: Config): void {
  if (typeof config['init_lora_weights'] === 'boolean') return;
  const start = word(config, 'init_lora_weights');
  if (start === undefined || ['gaussian', 'eva', 'orthogonal', 'mica', 'pissa'].includes(start)) return;
  throw cannot(
    `LoRA that starts by ${start}`,
    'PEFT changes the frozen weights when it opens this folder: save it with path_initial_model_for_weight_conversion',
  );
}

interface Where {
  readonly config: Config;
  readonly base: Base;
  readonly r: number;
  readonly scale: number;
}

function piecesAt({ module, parts, places }: Chosen, { config, base, r, scale }: Where): readonly Piece[] {
  const { lora_A: a, lora_B: b, lora_magnitude_vector: m, 'lora_B.bias': bias } = parts;
  if (a === undefined || b === undefined) throw cannot(`LoRA on ${module}`, 'one of its two matrices is missing');
  for (const found of [a.shape[0], b.shape[1]]) demandRank(module, r, found as number);
  demandFlag(config, 'use_dora', { module, found: m });
  demandFlag(config, 'lora_bias', { module, found: bias });
  const start = config['init_lora_weights'] === 'pissa' ? principalStart(places, base, { r, scale }) : undefined;
  const change = changeOf(r, {
    scale,
    dora: m !== undefined,
    principal: start !== undefined,
    bias: bias !== undefined,
  });
  const sharesOf = (values: Values): readonly Values[] => cut(values, places, base);
  const [ups, magnitudes, ownBiases] = [sharesOf(b), m && sharesOf(m), bias && sharesOf(bias)];
  const starts = start && byParts(transposed(start.up), places, base).map(transposed);
  return places.map(({ stack, layer, part }, i) => {
    const [own, magnitude, added, from] = [ups, magnitudes, ownBiases, starts].map((all) => all?.[i]);
    const more: Named = {
      ...(added && { 'down.bias': filled([r], 0), 'up.bias': added }),
      ...(magnitude && { magnitude }),
      ...(start && from && { 'down.start': start.down, 'up.start': from }),
    };
    return {
      stack,
      layer,
      site: part as Site,
      reads: 'x',
      change,
      parts: { down: transposed(a), up: transposed(own as Values), ...more },
    };
  });
}

/** What a setting promises must be in the file, and nothing else. */
function demandFlag(
  config: Config,
  key: string,
  { module, found }: { readonly module: string; readonly found: Values | undefined },
): void {
  if (flag(config, key) === (found !== undefined)) return;
  throw new UserError(
    `adapter_config.json says ${key} = ${JSON.stringify(config[key] ?? null)}, but ${module} has ${found === undefined ? 'no' : 'a'} tensor for it: the two belong to different adapters`,
  );
}

export function lowRankForm(
  r: number,
  factors: Factors = { kind: 'dense', init: { kind: 'lora' }, bias: false },
): Bottleneck {
  return bottleneck(r, { activation: 'identity', factors });
}

interface Kind {
  readonly scale: number;
  readonly dora: boolean;
  readonly principal: boolean;
  readonly bias: boolean;
}

function changeOf(r: number, { scale, dora, principal, bias }: Kind): Change {
  if (dora && principal) throw cannot('DoRA that starts by pissa', 'a renormalised change starts at nothing here');
  if (bias && (dora || principal)) throw cannot('lora_bias with DoRA or PiSSA', 'they have no biases here');
  const form = lowRankForm(r, principal ? { kind: 'principal' } : { kind: 'dense', init: { kind: 'lora' }, bias });
  return dora
    ? { form, composition: { kind: 'renormalise', scale } }
    : { form, composition: { kind: 'scaledAdd', scale: { kind: 'fixed', value: scale } } };
}
