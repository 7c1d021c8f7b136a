import type { ModelShape } from '../../model/shape';
import type { Site } from '../../model/site';
import type { Change } from '../design/types';
import { cannot, number } from './base';
import type { Config } from './folder';
import { partsByModule, type BlockPart } from './modules';
import { lowRankForm } from './peft-lora';
import type { Piece } from './pieces';
import { product, rows, shaped, times, transposed, type Named, type Values } from './values';

/**
 * LoRA and (IA)3: on GPT-2 the chosen ones of query, key and value stand below each other, each with rows of its own.
 */
export function readAdaptersLora(config: Config, { loras, shared }: LoraTensors, shape: ModelShape): readonly Piece[] {
  const partsOf = partsByModule(shape);
  const chosen = new Set((config['attn_matrices'] ?? []) as readonly string[]);
  return [...loras].flatMap(([module, found]) => {
    const parts = found['vera_D'] === undefined ? found : productOf(found, shared, module);
    const all = partsOf(module);
    const places = all.length > 1 ? all.filter(({ part }) => chosen.has(part.replace(/^.*\./, '').charAt(0))) : all;
    if (places.length === 0) throw cannot(`LoRA at ${module}`, 'this model has no such matrix');
    return places.map((at, i) => pieceAt(at, { config, module, shape, parts: sliced(parts, i, places.length) }));
  });
}

/** What the file holds of LoRA by module, and what all modules share. */
export interface LoraTensors {
  readonly loras: ReadonlyMap<string, Named>;
  readonly shared: Named;
}

/**
 * VeRA of adapters trains whole square matrices about its shared ones, W + s (V B) (D A): as LoRA it computes the same.
 */
function productOf({ vera_B: v, vera_D: d, ...rest }: Named, { lora_A: a, lora_B: b }: Named, module: string): Named {
  if (v === undefined || d === undefined) throw cannot(`VeRA at ${module}`, 'one of its two matrices is missing');
  if (a === undefined || b === undefined)
    throw cannot(
      `VeRA at ${module}`,
      'the file lacks its shared matrices, which adapters does not store for models without a name prefix (BertModel, T5): it cannot be read back there either',
    );
  if (d.shape[1] !== a.shape[0] || v.shape[1] !== b.shape[0])
    throw cannot(
      `VeRA at ${module}`,
      'its matrices do not fit each other: adapters cannot run it on this model either',
    );
  return { ...rest, lora_A: product(d, a), lora_B: product(v, b) };
}

/** The rows of the i-th of `count` matrices. */
function sliced(parts: Named, i: number, count: number): Named {
  return Object.fromEntries(
    Object.entries(parts).map(([name, values]) => {
      const each = (values.shape[0] as number) / count;
      return [name, rows(values, i * each, (i + 1) * each)];
    }),
  );
}

interface Context {
  readonly config: Config;
  readonly module: string;
  readonly shape: ModelShape;
  readonly parts: Named;
}

function pieceAt({ stack, layer, part }: BlockPart, { config, module, shape, parts }: Context): Piece {
  if (!/\.(query|key|value|up|down)$/.test(part))
    throw cannot(`LoRA at ${module}`, 'methods here reach the query, key, value and both FFN matrices, not this one');
  const site = part as Site;
  const { lora_A: a, lora_B: b, 'm.weight': m } = parts;
  if (b === undefined) throw cannot(`LoRA at ${module}`, 'lora_B is missing');
  if (config['composition_mode'] === 'scale') {
    if (config['use_gating'] === true) throw cannot('gated (IA)3', 'a diagonal has no gate here');
    const factor = times(shaped(b, [b.values.length]), number(config, 'alpha'));
    return {
      stack,
      layer,
      site,
      reads: 'h',
      change: { form: { kind: 'diagonal' }, composition: { kind: 'multiply' } },
      parts: { factor },
    };
  }
  if (a === undefined) throw cannot(`LoRA at ${module}`, 'lora_A is missing');
  const gate: Named =
    config['use_gating'] === true
      ? { 'gate.weight': transposed(parts['gate.weight'] as Values), 'gate.bias': parts['gate.bias'] as Values }
      : {};
  const magnitude: Named = m === undefined ? {} : { magnitude: shaped(m, [m.values.length]) };
  const change = changeOf(config, a.shape[0] as number, shape);
  return {
    stack,
    layer,
    site,
    reads: 'x',
    change,
    parts: { down: transposed(a), up: transposed(b), ...gate, ...magnitude },
  };
}

/** A gate takes the place of the scale; DoRA leaves the scale out of the norm and turns the bias too. */
function changeOf(config: Config, r: number, { biases }: ModelShape): Change {
  const form = lowRankForm(r);
  const scale = number(config, 'alpha') / r;
  if (config['use_dora'] === true) {
    if (biases || scale !== 1)
      throw cannot(
        'DoRA of adapters',
        'it scales the bias with the weight and leaves alpha / r out of the norm; the paper and PEFT do neither (without biases, at alpha = r, they agree)',
      );
    return { form, composition: { kind: 'renormalise', scale } };
  }
  if (config['use_gating'] === true) return { form, composition: { kind: 'inputGate', scale: 1, per: 'sequence' } };
  return { form, composition: { kind: 'scaledAdd', scale: { kind: 'fixed', value: scale } } };
}
