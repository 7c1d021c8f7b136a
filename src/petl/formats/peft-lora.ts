import type { Site } from '../../model/site';
import type { Bottleneck, Change, Factors } from '../design/types';
import { bottleneck } from '../design/methods';
import { cannot, number, text, type Base } from './base';
import type { Config } from './folder';
import { partsByModule, type BlockPart } from './modules';
import type { Piece } from './pieces';
import { principalStart } from './pissa';
import { rows, transposed, type Named, type Values } from './values';

export interface Found {
  readonly pieces: readonly Piece[];
  readonly used: readonly string[];
}

/** Tensors by module and part, those named `base_model.model.<module>.<part>`, with or without `.weight`. */
export function byModule(
  tensors: Named,
  parts: readonly string[],
): { readonly modules: ReadonlyMap<string, Named>; readonly used: readonly string[] } {
  const key = new RegExp(`^base_model\\.model\\.(.+)\\.(${parts.join('|')})(?:\\.weight)?$`);
  const modules = new Map<string, Named>();
  const used: string[] = [];
  for (const [name, values] of Object.entries(tensors)) {
    const [, module, part] = key.exec(name) ?? [];
    if (module === undefined || part === undefined) continue;
    modules.set(module, { ...modules.get(module), [part]: values });
    used.push(name);
  }
  return { modules, used };
}

/**
 * LoRA, rsLoRA, DoRA and PiSSA: W + s B A, s = alpha / r or alpha / sqrt(r). A shared over query, key and value (GPT-2)
 * is copied to each.
 */
export function readLora(config: Config, tensors: Named, base: Base): Found {
  demandKnownStart(config);
  const { modules, used } = byModule(tensors, ['lora_A', 'lora_B', 'lora_magnitude_vector']);
  const partsOf = partsByModule(base.shape);
  return {
    used,
    pieces: [...modules].flatMap(([module, parts]) =>
      moduleWith(module, parts, { config, places: partsOf(module), base }),
    ),
  };
}

/**
 * Some starts take their part out of the frozen weights when a folder is opened; of those only PiSSA's by exact SVD can
 * be repeated.
 */
function demandKnownStart(config: Config): void {
  const start = text(config, 'init_lora_weights');
  if (start === undefined || ['gaussian', 'eva', 'orthogonal', 'mica', 'pissa'].includes(start)) return;
  throw cannot(
    `LoRA that starts by ${start}`,
    'PEFT changes the frozen weights when it opens this folder: save it with path_initial_model_for_weight_conversion',
  );
}

interface Where {
  readonly config: Config;
  readonly places: readonly BlockPart[];
  readonly base: Base;
}

function moduleWith(
  module: string,
  { lora_A: a, lora_B: b, lora_magnitude_vector: m }: Named,
  { config, places, base }: Where,
): readonly Piece[] {
  if (a === undefined || b === undefined) throw cannot(`LoRA on ${module}`, 'one of its two matrices is missing');
  demandPlaces(module, places);
  const r = a.shape[0] as number;
  const scale = scaleOf(config, module, r);
  const start = config['init_lora_weights'] === 'pissa' ? principalStart(places, base, { r, scale }) : undefined;
  const change = changeOf(r, { scale, dora: config['use_dora'] === true, principal: start !== undefined });
  return places.map(({ stack, layer, part }, i) => {
    const own = sliceOf(b, i, places.length);
    const magnitude: Named = m === undefined ? {} : { magnitude: sliceOf(m, i, places.length) };
    const from: Named =
      start === undefined
        ? {}
        : { 'down.start': start.down, 'up.start': transposed(sliceOf(transposed(start.up), i, places.length)) };
    return {
      stack,
      layer,
      site: siteOf(part, module),
      reads: 'x',
      change,
      parts: { down: transposed(a), up: transposed(own), ...magnitude, ...from },
    };
  });
}

/** Rows of the i-th of `count` parts of a module. */
export function sliceOf(values: Values, i: number, count: number): Values {
  const width = (values.shape[0] as number) / count;
  return rows(values, i * width, (i + 1) * width);
}

export function demandPlaces(module: string, places: readonly BlockPart[]): void {
  if (places.length === 0) throw cannot(`a change of ${module}`, 'this model has no such matrix');
}

export function siteOf(part: string, module: string): Site {
  if (/\.(query|key|value|up|down)$/.test(part)) return part as Site;
  throw cannot(`a change of ${module}`, 'methods here reach the query, key, value and both FFN matrices, not this one');
}

export function lowRankForm(
  r: number,
  factors: Factors = { kind: 'dense', init: { kind: 'lora' }, bias: false },
): Bottleneck {
  return bottleneck(r, { activation: 'identity', factors });
}

function changeOf(
  r: number,
  { scale, dora, principal }: { readonly scale: number; readonly dora: boolean; readonly principal: boolean },
): Change {
  if (dora && principal) throw cannot('DoRA that starts by pissa', 'a renormalised change starts at nothing here');
  const form = lowRankForm(r, principal ? { kind: 'principal' } : undefined);
  return dora
    ? { form, composition: { kind: 'renormalise', scale } }
    : { form, composition: { kind: 'scaledAdd', scale: { kind: 'fixed', value: scale } } };
}

function scaleOf(config: Config, module: string, r: number): number {
  const patterns = Object.entries((config['alpha_pattern'] ?? {}) as Record<string, number>);
  const own = patterns.find(([pattern]) => new RegExp(`^(?:.*\\.)?(?:${pattern})$`).test(module))?.[1];
  const alpha = own ?? number(config, 'lora_alpha');
  return config['use_rslora'] === true ? alpha / Math.sqrt(r) : alpha / r;
}
