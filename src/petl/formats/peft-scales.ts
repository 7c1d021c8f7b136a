import { UserError } from '../../errors';
import type { Site } from '../../model/site';
import type { ModelShape } from '../../model/shape';
import { isNorm } from '../forms/unfrozen';
import { weightShapes } from '../../model/shapes';
import { byName, cannot, onlyOnce, type Base } from './base';
import type { Config } from './folder';
import { bare, modulePath, normModules } from './modules';
import { cut, modulesOf, outOf, together } from './joint';
import type { Found } from './peft-lora';
import { chosenModules, demandNames, type Chosen, type Source } from './peft-modules';
import type { Piece } from './pieces';
import { some } from './report';
import { named, targeted } from './targets';
import { demandShape, filled, shaped, type Named, type Values } from './values';

const diagonal = { form: { kind: 'diagonal' }, composition: { kind: 'multiply' } } as const;

/** A factor on a module's input is one on what feeds it. */
const inputs: Readonly<Record<string, Site>> = {
  'ffn.down': 'ffn.mid',
  'attn.out': 'attn.heads',
  'cross.out': 'cross.heads',
};
/** A factor on a module's output. */
const outputs: Readonly<Record<string, Site>> = { 'attn.out': 'attn', 'cross.out': 'cross' };

/** (IA)3: factors `[out, 1]` on a matrix's output, `[1, in]` on the input of the feed-forward modules. */
export function readIa3(source: Source): Found {
  const { config } = source;
  const { chosen, used } = chosenModules(source, ['ia3_l'], () => true);
  const names = chosen.map(({ module }) => module);
  const feed = config['feedforward_modules'];
  const fed = Array.isArray(feed) // ends of names, wherever they begin
    ? new Set(names.filter((name) => feed.some((end) => name.endsWith(String(end)))))
    : named(config, 'feedforward_modules', names);
  return { used, pieces: chosen.flatMap((one) => factors(one, fed.has(one.module), source.base)) };
}

function factors({ module, parts, places }: Chosen, onInput: boolean, base: Base): readonly Piece[] {
  const values = parts['ia3_l'] as Values;
  if ((values.shape[0] === 1) !== onInput)
    throw new UserError(
      `adapter_config.json and the tensor [${values.shape.join()}] of ${module} do not agree whether it is one of feedforward_modules: the two belong to different adapters`,
    );
  demandShape(`ia3_l of ${module}`, values, onInput ? [1, values.values.length] : [values.values.length, 1]);
  const flat = shaped(values, [values.values.length]);
  const own = onInput ? places.map(() => flat) : cut(flat, places, base);
  return places.map(({ stack, layer, part }, i) => {
    const site = onInput ? inputs[part] : (outputs[part] ?? (part as Site));
    if (site === undefined)
      throw cannot(`(IA)3 on the ${onInput ? 'input' : 'output'} of ${module}`, 'methods here do not reach it');
    return { stack, layer, site, reads: 'h', change: diagonal, parts: { factor: own[i] as Values } };
  });
}

/** @returns configuration and tensors; a part of a joint matrix without factors gets ones */
export function writeIa3(pieces: readonly Piece[], base: Base): { readonly config: Config; readonly tensors: Named } {
  const swapped = (table: Readonly<Record<string, Site>>): Readonly<Record<string, string>> =>
    Object.fromEntries(Object.entries(table).map(([part, site]) => [site, part]));
  const [fed, given] = [swapped(inputs), swapped(outputs)];
  const onInput = pieces
    .filter(({ site }) => fed[site] !== undefined)
    .map((piece) => {
      const module = modulePath(base.shape, { ...piece, part: fed[piece.site] as string });
      return [
        module,
        shaped(piece.parts['factor'] as Values, [1, (piece.parts['factor'] as Values).values.length]),
      ] as const;
    });
  const onOutput = modulesOf(
    pieces
      .filter(({ site }) => fed[site] === undefined)
      .map((piece) => ({ ...piece, site: (given[piece.site] ?? piece.site) as Site })),
    base,
  ).map(([module, places]) => {
    const parts = places.map(({ at, piece }) => piece?.parts['factor'] ?? filled([outOf(at, base)], 1));
    const whole = together(parts, base);
    return [module, shaped(whole, [whole.values.length, 1])] as const;
  });
  const twice = onInput.find(([module]) => onOutput.some(([other]) => other === module));
  if (twice !== undefined)
    throw cannot(`(IA)3 on ${twice[0]}`, 'PEFT scales the input or the output of a module, not both');
  const tensors = byName(
    [...onInput, ...onOutput].map(([module, values]) => [`base_model.model.${module}.ia3_l`, values] as const),
  );
  const feed = onInput.map(([module]) => module);
  return {
    tensors,
    config: {
      peft_type: 'IA3',
      target_modules: [...onOutput.map(([module]) => module), ...feed],
      feedforward_modules: feed,
      fan_in_fan_out: base.shape.family === 'gpt2',
      init_ia3_weights: true,
    },
  };
}

/** LayerNorm tuning: every norm of the model; those that the configuration leaves out keep the frozen values. */
export function readNorms({ config, tensors, base: { shape, weight }, notes }: Source): {
  readonly tensors: Named;
  readonly used: readonly string[];
} {
  demandNames(config);
  const found = normsFound(tensors, shape);
  const { wanted, of } = wantedNorms(config, found, shape);
  const read = found.filter(({ module }) => wanted.has(module));
  const other = found.filter(({ module }) => !wanted.has(module)).map(({ name }) => name);
  if (other.length > 0)
    notes.note(`not read, here or by PEFT, since adapter_config.json does not name them: ${some(other)}`);
  const used = onlyOnce(read.flatMap((one) => (one.own === undefined ? [] : [[one.own, one] as const])));
  const shapes = Object.entries(weightShapes(shape)).filter(([name]) => isNorm(name));
  demandNorms({ wanted, of }, used, shapes);
  const trained = [...of.values()].filter((module) => wanted.has(module)).length;
  if (trained < of.size)
    notes.note(
      `${trained} of ${of.size} norms trained; the others, which go on training here, are as the model has them`,
    );
  const all = shapes.map(([name, size]) => {
    const own = tensors[used.get(name)?.name ?? ''];
    return [name, own === undefined ? { shape: size, values: weight(name) } : gainOf(own, name, shape, 1)] as const;
  });
  return { tensors: Object.fromEntries(all), used: [...[...used.values()].map(({ name }) => name), ...other] };
}

/** The file's tensors of norms with their names here, none where the model has no such norm. */
function normsFound(tensors: Named, shape: ModelShape): readonly NormTensor[] {
  const norms = new Map([...normModules(shape)].map(([name, module]) => [bare(module), name]));
  const pattern = /^base_model\.model\.(.+)\.ln_tuning_layers\.(weight|bias)$/;
  return Object.keys(tensors).flatMap((name) => {
    const [, module, part] = pattern.exec(name) ?? [];
    if (module === undefined) return [];
    const norm = norms.get(bare(module));
    return [{ name, module, own: norm && `${norm}.${part === 'weight' ? 'gain' : 'bias'}` }];
  });
}

interface NormTensor {
  readonly name: string;
  readonly module: string;
  readonly own: string | undefined;
}

interface Wanted {
  readonly wanted: ReadonlySet<string>;
  readonly of: ReadonlyMap<string, string>;
}

/** Norms that the configuration names must be in the file, with all that they have. */
function demandNorms(
  { wanted, of }: Wanted,
  used: ReadonlyMap<string, unknown>,
  shapes: readonly (readonly [string, unknown])[],
): void {
  for (const [name] of shapes) {
    const [, norm = '', part] = /^(.*)\.(gain|bias)$/.exec(name) ?? [];
    const module = of.get(norm);
    if (module === undefined || !wanted.has(module) || used.has(name)) continue;
    throw new UserError(
      `adapter_config.json names ${module}, the file has no ${part === 'gain' ? 'weight' : 'bias'} of it: the two belong to different adapters`,
    );
  }
}

/** Modules that the configuration names, of the file's and the model's norms, and the module of each norm here. */
function wantedNorms(config: Config, found: readonly NormTensor[], shape: ModelShape): Wanted {
  const example = found.find(({ own }) => own !== undefined)?.module ?? '';
  const root = example.slice(0, example.length - bare(example).length);
  const of = new Map([...normModules(shape)].map(([name, module]) => [name, `${root}${bare(module)}`]));
  const wanted = targeted(config, [...new Set([...of.values(), ...found.map(({ module }) => module)])]);
  if (wanted.size > 0) return { wanted, of };
  throw new UserError(
    `adapter_config.json: target_modules ${JSON.stringify(config['target_modules'])} names no norm of this model, which PEFT refuses too: write the names of the norms that trained`,
  );
}

/** Gemma's gains are stored less 1. */
export function gainOf(values: Values, name: string, { family }: ModelShape, sign: 1 | -1): Values {
  if (!name.endsWith('gain') || !family.startsWith('gemma')) return values;
  return { shape: values.shape, values: values.values.map((value) => value + sign) };
}

export function writeNorms(tensors: Named, { shape }: Base): { readonly config: Config; readonly tensors: Named } {
  const modules = [...normModules(shape)];
  const made = modules
    .flatMap(([name, module]) =>
      (['gain', 'bias'] as const).flatMap((part) => {
        const values = tensors[`${name}.${part}`];
        return values === undefined
          ? []
          : [[`base_model.model.${module}.ln_tuning_layers.${part === 'gain' ? 'weight' : 'bias'}`, values] as const];
      }),
    )
    .map(([name, values]) => [name, name.endsWith('weight') ? gainOf(values, 'gain', shape, -1) : values] as const);
  return {
    tensors: byName(made),
    config: { peft_type: 'LN_TUNING', target_modules: modules.map(([, module]) => module) },
  };
}
