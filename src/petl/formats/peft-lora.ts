import { weightShapes } from '../../model/shapes';
import type { Site } from '../../model/site';
import type { Bottleneck, Change } from '../design';
import { bottleneck } from '../methods';
import { cannot, number, type Base } from './base';
import type { Config } from './folder';
import { blockParts, modulePath, partsByModule, type BlockPart } from './modules';
import type { Piece } from './pieces';
import { beside, filled, rows, stacked, times, transposed, type Named, type Values } from './values';

const key = /^base_model\.model\.(.+)\.(lora_A|lora_B|lora_magnitude_vector)(?:\.weight)?$/;

/** LoRA, rsLoRA and DoRA: W + s B A, s = alpha / r or alpha / sqrt(r). A shared over query, key and value (GPT-2) is copied to each. */
export function readLora(config: Config, tensors: Named, { shape }: Base): { readonly pieces: readonly Piece[]; readonly used: readonly string[] } {
  const modules = new Map<string, Record<string, Values>>();
  const used: string[] = [];
  for (const [name, values] of Object.entries(tensors)) {
    const [, module, part] = key.exec(name) ?? [];
    if (module === undefined || part === undefined) continue;
    modules.set(module, { ...modules.get(module), [part]: values });
    used.push(name);
  }
  const partsOf = partsByModule(shape);
  return { used, pieces: [...modules].flatMap(([module, parts]) => moduleWith(module, parts, { config, places: partsOf(module) })) };
}

interface Where { readonly config: Config; readonly places: readonly BlockPart[] }

function moduleWith(module: string, { lora_A: a, lora_B: b, lora_magnitude_vector: m }: Named, { config, places }: Where): readonly Piece[] {
  if (a === undefined || b === undefined) throw cannot(`LoRA on ${module}`, 'one of its two matrices is missing');
  const r = a.shape[0] as number;
  const change = changeOf(r, scaleOf(config, module, r), config['use_dora'] === true);
  const width = (b.shape[0] as number) / places.length;
  if (places.length === 0) throw cannot(`LoRA on ${module}`, 'this model has no such matrix');
  return places.map(({ stack, layer, part }, i) => {
    const magnitude: Named = m === undefined ? {} : { magnitude: rows(m, i * width, (i + 1) * width) };
    return { stack, layer, site: siteOf(part, module), reads: 'x', change, parts: { down: transposed(a), up: transposed(rows(b, i * width, (i + 1) * width)), ...magnitude } };
  });
}

function siteOf(part: string, module: string): Site {
  if (/\.(query|key|value|up|down)$/.test(part)) return part as Site;
  throw cannot(`LoRA on ${module}`, 'methods here reach the query, key, value and both FFN matrices, not this one');
}

export function lowRankForm(r: number): Bottleneck {
  return bottleneck(r, { activation: 'identity', factors: { kind: 'dense', init: { kind: 'lora' }, bias: false } });
}

function changeOf(r: number, scale: number, dora: boolean): Change {
  const form = lowRankForm(r);
  return dora ? { form, composition: { kind: 'renormalise', scale } } : { form, composition: { kind: 'scaledAdd', scale: { kind: 'fixed', value: scale } } };
}

function scaleOf(config: Config, module: string, r: number): number {
  const patterns = Object.entries((config['alpha_pattern'] ?? {}) as Record<string, number>);
  const own = patterns.find(([pattern]) => new RegExp(`^(?:.*\\.)?(?:${pattern})$`).test(module))?.[1];
  const alpha = own ?? number(config, 'lora_alpha');
  return config['use_rslora'] === true ? alpha / Math.sqrt(r) : alpha / r;
}

/** One matrix in PEFT's file; several of ours where the model keeps query, key and value in one. */
interface Written { readonly module: string; readonly r: number; readonly alpha: number; readonly parts: Named }

export function writeLora(pieces: readonly Piece[], base: Base): { readonly config: Config; readonly tensors: Named } {
  const written = modulesOf(pieces, base).map(([module, places]) => writeModule(module, places, base));
  const { r = 8, alpha = 8 } = written[0] ?? {};
  const unlike = written.filter((one) => one.r !== r || one.alpha !== alpha);
  const tensors = Object.fromEntries(written.flatMap(({ module, parts }) => Object.entries(parts).map(([part, values]) => [`base_model.model.${module}.${part}`, values])));
  const config = {
    peft_type: 'LORA', r, lora_alpha: alpha, lora_dropout: 0, bias: 'none', use_rslora: false, use_dora: pieces.some(({ change }) => change.composition.kind === 'renormalise'),
    fan_in_fan_out: base.shape.family === 'gpt2', target_modules: written.map(({ module }) => module), init_lora_weights: true,
    rank_pattern: Object.fromEntries(unlike.map((one) => [one.module, one.r])), alpha_pattern: Object.fromEntries(unlike.map((one) => [one.module, one.alpha])),
  };
  return { config, tensors };
}

type Places = readonly { readonly at: BlockPart; readonly piece: Piece | undefined }[];

/** The modules that pieces change, each with all its parts in order. */
export function modulesOf(pieces: readonly Piece[], { shape }: Base): readonly (readonly [module: string, places: Places])[] {
  const modules = new Map<string, { at: BlockPart; piece: Piece | undefined }[]>();
  for (const at of blockParts(shape)) {
    const path = modulePath(shape, at);
    const piece = pieces.find(({ stack, layer, site }) => stack === at.stack && layer === at.layer && site === at.part);
    modules.set(path, [...(modules.get(path) ?? []), { at, piece }]);
  }
  return [...modules].filter(([, places]) => places.some(({ piece }) => piece !== undefined));
}

function writeModule(module: string, places: Places, base: Base): Written {
  const present = places.flatMap(({ piece }) => (piece === undefined ? [] : [piece]));
  const scales = present.map(({ change }) => scaleOfChange(change, module));
  const downs = present.map(({ parts }) => transposed(parts['down'] as Values)); // [r, in]
  const r = downs.reduce((sum, { shape }) => sum + (shape[0] as number), 0);
  const [s = 1] = scales;
  const blocks: Values[] = [];
  let next = 0;
  for (const { at, piece } of places) {
    const width = outOf(at, base);
    if (piece === undefined) { blocks.push(filled([width, r], 0)); continue; }
    const up = times(transposed(piece.parts['up'] as Values), (scales[next] as number) / s); // [out, r of this one]
    const before = downs.slice(0, next).reduce((sum, { shape }) => sum + (shape[0] as number), 0);
    blocks.push(beside([filled([width, before], 0), up, filled([width, r - before - (up.shape[1] as number)], 0)].filter(({ shape }) => (shape[1] as number) > 0)));
    next++;
  }
  const dora = present.some(({ change }) => change.composition.kind === 'renormalise');
  const magnitudes = places.map(({ at, piece }) => piece?.parts['magnitude'] ?? norms(at, base));
  return { module, r, alpha: s * r, parts: { 'lora_A.weight': stacked(downs), 'lora_B.weight': stacked(blocks), ...(dora ? { lora_magnitude_vector: stacked(magnitudes) } : {}) } };
}

function scaleOfChange({ form, composition }: Change, module: string): number {
  const plain = form.kind === 'bottleneck' && form.activation === 'identity' && form.innerNorm === 'none' && form.factors.kind === 'dense' && !form.factors.bias;
  if (!plain) throw cannot(module, 'PEFT keeps plain low-rank changes of matrices only');
  if (composition.kind === 'renormalise') return composition.scale;
  if (composition.kind === 'add') return 1;
  if (composition.kind === 'scaledAdd' && composition.scale.kind === 'fixed') return composition.scale.value;
  throw cannot(module, `LoRA in PEFT has a fixed scale, not ${composition.kind}`);
}

/** Width of what a part puts out. */
export function outOf({ stack, layer, part }: BlockPart, { shape }: Base): number {
  return weightShapes(shape)[`${stack}.${layer}.${part}.weight`]?.[1] ?? shape.width;
}

/** Column norms of the frozen matrix: what DoRA's magnitudes start at. */
function norms(at: BlockPart, base: Base): Values {
  const width = outOf(at, base);
  const weight = base.weight(`${at.stack}.${at.layer}.${at.part}.weight`);
  const squares = new Float32Array(width);
  weight.forEach((value, i) => { squares[i % width] = (squares[i % width] as number) + value * value; });
  return { shape: [width], values: squares.map(Math.sqrt) };
}
