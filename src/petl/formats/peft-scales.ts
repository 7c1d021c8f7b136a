import type { Site } from '../../model/site';
import { isNorm } from '../forms/unfrozen';
import { weightShapes } from '../../model/shapes';
import { cannot, type Base } from './base';
import type { Config } from './folder';
import { bare, modulePath, normModules, partsByModule } from './modules';
import { modulesOf, outOf } from './joint';
import type { Piece } from './pieces';
import { filled, rows, shaped, stacked, type Named, type Values } from './values';

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
export function readIa3(
  tensors: Named,
  { shape }: Base,
): { readonly pieces: readonly Piece[]; readonly used: readonly string[] } {
  const partsOf = partsByModule(shape);
  const found = Object.entries(tensors).flatMap(([name, values]) => {
    const module = /^base_model\.model\.(.+)\.ia3_l$/.exec(name)?.[1];
    return module === undefined ? [] : [{ name, module, values }];
  });
  return {
    used: found.map(({ name }) => name),
    pieces: found.flatMap(({ module, values }) => factors(module, values, partsOf(module))),
  };
}

function factors(
  module: string,
  values: Values,
  places: ReturnType<ReturnType<typeof partsByModule>>,
): readonly Piece[] {
  const onInput = values.shape[0] === 1;
  const width = values.values.length / places.length;
  if (places.length === 0) throw cannot(`(IA)3 on ${module}`, 'this model has no such matrix');
  return places.map(({ stack, layer, part }, i) => {
    const site = onInput ? inputs[part] : (outputs[part] ?? (part === 'ffn.gate' ? undefined : (part as Site)));
    if (site === undefined)
      throw cannot(`(IA)3 on the ${onInput ? 'input' : 'output'} of ${module}`, 'methods here do not reach it');
    const flat = shaped(values, [values.values.length]);
    return {
      stack,
      layer,
      site,
      reads: 'h',
      change: diagonal,
      parts: { factor: rows(flat, i * width, (i + 1) * width) },
    };
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
    const whole = stacked(parts);
    return [module, shaped(whole, [whole.values.length, 1])] as const;
  });
  const twice = onInput.find(([module]) => onOutput.some(([other]) => other === module));
  if (twice !== undefined)
    throw cannot(`(IA)3 on ${twice[0]}`, 'PEFT scales the input or the output of a module, not both');
  const tensors = Object.fromEntries(
    [...onInput, ...onOutput].map(([module, values]) => [`base_model.model.${module}.ia3_l`, values]),
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

/** LayerNorm tuning: every norm of the model; those that the file leaves out keep the frozen values. */
export function readNorms(
  tensors: Named,
  { shape, weight }: Base,
): { readonly tensors: Named; readonly used: readonly string[] } {
  const modules = new Map([...normModules(shape)].map(([name, module]) => [bare(module), name]));
  const used = new Map<string, string>();
  for (const name of Object.keys(tensors)) {
    const [, module, part] = /^base_model\.model\.(.+)\.ln_tuning_layers\.(weight|bias)$/.exec(name) ?? [];
    const norm = module === undefined ? undefined : modules.get(bare(module));
    if (norm !== undefined) used.set(`${norm}.${part === 'weight' ? 'gain' : 'bias'}`, name);
  }
  const shapes = Object.entries(weightShapes(shape)).filter(([name]) => isNorm(name));
  const all = shapes.map(
    ([name, size]) => [name, tensors[used.get(name) ?? ''] ?? { shape: size, values: weight(name) }] as const,
  );
  return { tensors: Object.fromEntries(all), used: [...used.values()] };
}

export function writeNorms(tensors: Named, { shape }: Base): { readonly config: Config; readonly tensors: Named } {
  const modules = [...normModules(shape)];
  const made = modules.flatMap(([name, module]) =>
    (['gain', 'bias'] as const).flatMap((part) => {
      const values = tensors[`${name}.${part}`];
      return values === undefined
        ? []
        : [[`base_model.model.${module}.ln_tuning_layers.${part === 'gain' ? 'weight' : 'bias'}`, values] as const];
    }),
  );
  return {
    tensors: Object.fromEntries(made),
    config: { peft_type: 'LN_TUNING', target_modules: modules.map(([, module]) => module) },
  };
}
