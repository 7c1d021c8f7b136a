import { UserError } from '../../errors';
import { byName, cannot, flag, number, type Base } from './base';
import type { Site } from '../../model/site';
import type { Change } from '../design/types';
import type { Config } from './folder';
import { cut, inOf, modulesOf, outOf, type Places } from './joint';
import { mersenneTwister, torchUniform } from './mersenne';
import type { BlockPart } from './modules';
import { lowRankForm, type Found } from './peft-lora';
import { scaleOfChange, type Made } from './peft-lora-write';
import { chosenModules, demandRank, type Chosen, type Source } from './peft-modules';
import type { Piece } from './pieces';
import {
  beside,
  columns,
  demandShape,
  equal,
  filled,
  rows,
  stacked,
  times,
  transposed,
  type Named,
  type Values,
} from './values';

/** A `[r, in]` and B `[out, r]` of the widest modules; others use their first columns and rows. */
interface Projections {
  readonly a: Values;
  readonly b: Values;
}

/**
 * VeRA: diag(b) B diag(d) A with A and B shared. Where one matrix serves query, key and value, each gets its rows of B
 * under a seed of its own.
 */
export function readVera(source: Source): Found {
  const { config, tensors, base, notes } = source;
  const { chosen, used } = chosenModules(source, ['vera_lambda_b', 'vera_lambda_d']);
  const sizes = sizesOf(config, chosen, base);
  for (const { module, parts } of chosen) demandVectors(module, parts, sizes.r);
  const shared = storedProjections(config, tensors, sizes) ?? drawn(config, sizes);
  const stored = ['base_model.vera_A', 'base_model.vera_B'].filter((name) => tensors[name] !== undefined);
  if (stored.length > 0 && !flag(config, 'save_projection', true))
    notes.note('with save_projection = false the projections are drawn by projection_prng_key, here and by PEFT');
  return {
    pieces: chosen.flatMap((one) => piecesAt(one, { config, base, shared, r: sizes.r })),
    used: [...used, ...stored],
  };
}

function demandVectors(
  module: string,
  { vera_lambda_b: outer, vera_lambda_d: inner }: Named,
  r: number,
): { readonly outer: Values; readonly inner: Values } {
  if (outer === undefined || inner === undefined)
    throw cannot(`VeRA on ${module}`, 'one of its two vectors is missing');
  demandRank(module, r, inner.values.length);
  demandShape(`vera_lambda_d of ${module}`, inner, [r]);
  demandShape(`vera_lambda_b of ${module}`, outer, [outer.values.length]);
  return { outer, inner };
}

/** Of the projections: rank, and the widths of the widest of the modules that they serve. */
interface Sizes {
  readonly r: number;
  readonly width: number;
  readonly out: number;
}

function sizesOf(config: Config, modules: readonly Chosen[], base: Base): Sizes {
  return {
    r: number(config, 'r'),
    width: Math.max(...modules.map(({ places: [first] }) => inOf(first as BlockPart, base))),
    out: Math.max(...modules.map(({ places }) => places.reduce((sum, at) => sum + outOf(at, base), 0))),
  };
}

function storedProjections(config: Config, tensors: Named, { r, width, out }: Sizes): Projections | undefined {
  if (!flag(config, 'save_projection', true)) return undefined;
  const [a, b] = [tensors['base_model.vera_A'], tensors['base_model.vera_B']];
  if (a === undefined || b === undefined)
    throw cannot('VeRA with save_projection other than false', 'the file lacks its projections: copy the whole folder');
  if (a.shape.join() !== `${r},${width}` || b.shape.join() !== `${out},${r}`)
    throw cannot(
      `VeRA with projections [${a.shape.join()}] and [${b.shape.join()}]`,
      `adapter_config.json and this model need [${r},${width}] and [${out},${r}]`,
    );
  return { a, b };
}

/**
 * The projections of a file that leaves them out: PyTorch's random numbers from the configuration's key,
 * Kaiming-uniform.
 */
function drawn(config: Config, { r, width, out }: Sizes): Projections {
  const seed = number(config, 'projection_prng_key');
  if (!Number.isSafeInteger(seed))
    throw new UserError(`adapter_config.json: projection_prng_key must be a whole number, not ${seed}`);
  const next = mersenneTwister(seed);
  const a = { shape: [r, width], values: torchUniform(next, r * width, Math.sqrt(6 / width)) };
  return { a, b: { shape: [out, r], values: torchUniform(next, out * r, Math.sqrt(6 / r)) } };
}

interface Where {
  readonly config: Config;
  readonly base: Base;
  readonly shared: Projections;
  readonly r: number;
}

function piecesAt({ module, parts, places }: Chosen, { config, base, shared, r }: Where): readonly Piece[] {
  const { outer, inner } = demandVectors(module, parts, r);
  const initial = typeof config['d_initial'] === 'number' ? config['d_initial'] : 0.1;
  demandPlainRows(places, base);
  const ups = cut(rows(shared.b, 0, outer.values.length), places, base);
  const outers = cut(outer, places, base);
  return places.map((at, i) => {
    const form = lowRankForm(r, { kind: 'frozenRandom', seed: i + 1, initial, projections: 'stored' });
    const change: Change = { form, composition: { kind: 'scaledAdd', scale: { kind: 'fixed', value: 1 } } };
    const random: Named = {
      'random.down': transposed(columns(shared.a, 0, inOf(at, base))),
      'random.up': transposed(ups[i] as Values),
    };
    return {
      stack: at.stack,
      layer: at.layer,
      site: at.part as Site,
      reads: 'x',
      change,
      parts: { inner, outer: outers[i] as Values, ...random },
    };
  });
}

/** Rows of one projection serve all parts of a module: they would have to be cut as GPT-NeoX cuts its matrix. */
function demandPlainRows(places: readonly unknown[], { shape }: Base): void {
  if (places.length > 1 && shape.family === 'gpt_neox')
    throw cannot('VeRA on query_key_value', 'its rows stand there head by head');
}

/** A pair of projections with the rows of the module that it stands in; each is a block of their one pair. */
interface Block {
  readonly key: string;
  readonly down: Values;
  readonly up: Values;
  readonly offset: number;
  readonly from: number;
  readonly r: number;
}

/**
 * Our projections are one pair for each size; PEFT has one pair in all: they stand in blocks, and a module's vector is
 * 0 in those of others.
 */
export function writeVera(pieces: readonly Piece[], base: Base): Made {
  const modules = modulesOf(pieces, base);
  for (const [, places] of modules) demandPlainRows(places, base);
  const blocks = blocksOf(modules.flatMap(([, places]) => usesOf(places, base)));
  const r = blocks.reduce((sum, block) => sum + block.r, 0);
  const tensors = byName(
    modules.flatMap(([module, places]): (readonly [string, Values])[] => [
      [
        `base_model.model.${module}.vera_lambda_b`,
        stacked(places.map(({ at, piece }) => outerOf(piece, module) ?? filled([outOf(at, base)], 0))),
      ],
      [`base_model.model.${module}.vera_lambda_d`, innerOf(usesOf(places, base), blocks, r)],
    ]),
  );
  const config = {
    peft_type: 'VERA',
    r,
    target_modules: modules.map(([module]) => module),
    save_projection: true,
    projection_prng_key: 0,
    vera_dropout: 0,
    d_initial: 0.1,
    bias: 'none',
    fan_in_fan_out: base.shape.family === 'gpt2',
    init_weights: true,
  };
  return { config, tensors: { ...tensors, 'base_model.vera_A': below(blocks), 'base_model.vera_B': side(blocks, r) } };
}

/** What a module's vector d and B's rows from `offset` on are made of. */
interface Use {
  readonly inner: Values;
  readonly down: Values;
  readonly up: Values;
  readonly offset: number;
  readonly key: string;
}

function usesOf(places: Places, base: Base): readonly Use[] {
  let offset = 0;
  const uses = places.flatMap(({ at, piece }): Use[] => {
    const own = offset;
    offset += outOf(at, base);
    if (piece === undefined) return [];
    const { seed } = (piece.change.form as { readonly factors: { readonly seed: number } }).factors;
    const [inner, down, up] = ['inner', 'random.down', 'random.up'].map((part) => piece.parts[part] as Values) as [
      Values,
      Values,
      Values,
    ];
    return [{ inner, down, up, offset: own, key: [seed, own, ...down.shape, ...up.shape].join() }];
  });
  return uses.length === places.length ? fused(uses) : uses;
}

/** Parts of one matrix that share d and A, as they come from PEFT, are one use again. */
function fused(uses: readonly Use[]): readonly Use[] {
  const [first] = uses as readonly [Use];
  if (uses.length === 1 || !uses.every(({ inner, down }) => equal(inner, first.inner) && equal(down, first.down)))
    return uses;
  return [{ ...first, up: beside(uses.map(({ up }) => up)), key: uses.map(({ key }) => key).join('+') }];
}

function blocksOf(uses: readonly Use[]): readonly Block[] {
  const blocks = new Map<string, Block>();
  let from = 0;
  for (const { down, up, offset, key } of uses) {
    if (blocks.has(key)) continue;
    const r = down.shape[1] as number;
    blocks.set(key, { key, down, up, offset, from, r });
    from += r;
  }
  return [...blocks.values()];
}

function outerOf(piece: Piece | undefined, module: string): Values | undefined {
  return piece === undefined ? undefined : times(piece.parts['outer'] as Values, scaleOfChange(piece.change, module));
}

function innerOf(uses: readonly Use[], blocks: readonly Block[], r: number): Values {
  const made = new Float32Array(r);
  for (const { inner, key } of uses) made.set(inner.values, blocks.find((block) => block.key === key)?.from ?? 0);
  return { shape: [r], values: made };
}

/** A: the blocks' down matrices `[r, in]` below each other, zeros where one is narrower. */
function below(blocks: readonly Block[]): Values {
  const width = Math.max(...blocks.map(({ down }) => down.shape[0] as number));
  return stacked(
    blocks.map(({ down, r }) => transposed(stacked([down, filled([width - (down.shape[0] as number), r], 0)]))),
  );
}

/** B: the blocks' up matrices `[out, r]` side by side, each in the rows that it serves. */
function side(blocks: readonly Block[], r: number): Values {
  const height = Math.max(...blocks.map(({ offset, up }) => offset + (up.shape[1] as number)));
  const made = new Float32Array(height * r);
  for (const { up, offset, from, r: own } of blocks) {
    const width = up.shape[1] as number;
    for (let k = 0; k < own; k++)
      for (let j = 0; j < width; j++) made[(offset + j) * r + from + k] = up.values[k * width + j] as number;
  }
  return { shape: [height, r], values: made };
}
