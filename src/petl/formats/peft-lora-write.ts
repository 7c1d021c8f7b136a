import type { Change } from '../design/types';
import { cannot, type Base } from './base';
import type { Config } from './folder';
import { joint, modulesOf, outOf, weightOf, type Places } from './joint';
import type { Piece } from './pieces';
import { plainLora } from './plain';
import { stacked, times, transposed, type Named, type Values } from './values';

/** A configuration and tensors of PEFT's. */
export interface Made {
  readonly config: Config;
  readonly tensors: Named;
}

/** One matrix in PEFT's file. */
interface Written {
  readonly module: string;
  readonly r: number;
  readonly alpha: number;
  readonly parts: Named;
}

/** LoRA and DoRA; PiSSA as LoRA of twice its rank. */
export function writeLora(given: readonly Piece[], base: Base): Made {
  const pieces = given.map(plainLora);
  const written = modulesOf(pieces, base).map(([module, places]) => writeModule(module, places, base));
  const { r = 8, alpha = 8 } = written[0] ?? {};
  const unlike = written.filter((one) => one.r !== r || one.alpha !== alpha);
  const tensors = Object.fromEntries(
    written.flatMap(({ module, parts }) =>
      Object.entries(parts).map(([part, values]) => [`base_model.model.${module}.${part}`, values]),
    ),
  );
  const config = {
    peft_type: 'LORA',
    r,
    lora_alpha: alpha,
    lora_dropout: 0,
    bias: 'none',
    use_rslora: false,
    use_dora: pieces.some(({ change }) => change.composition.kind === 'renormalise'),
    fan_in_fan_out: base.shape.family === 'gpt2',
    target_modules: written.map(({ module }) => module),
    init_lora_weights: true,
    rank_pattern: Object.fromEntries(unlike.map((one) => [one.module, one.r])),
    alpha_pattern: Object.fromEntries(unlike.map((one) => [one.module, one.alpha])),
  };
  return { config, tensors };
}

function writeModule(module: string, places: Places, base: Base): Written {
  const present = places.flatMap(({ piece }) => (piece === undefined ? [] : [piece]));
  const [s = 1] = present.map(({ change }) => scaleOfChange(change, module));
  const { a, b } = joint(places, base, ({ change, parts }) => ({
    a: transposed(parts['down'] as Values),
    b: times(transposed(parts['up'] as Values), scaleOfChange(change, module) / s),
  }));
  const dora = present.some(({ change }) => change.composition.kind === 'renormalise');
  const magnitudes = places.map(
    ({ at, piece }) => piece?.parts['magnitude'] ?? columnNorms(weightOf(at, base), outOf(at, base)),
  );
  const r = a.shape[0] as number;
  return {
    module,
    r,
    alpha: s * r,
    parts: { 'lora_A.weight': a, 'lora_B.weight': b, ...(dora ? { lora_magnitude_vector: stacked(magnitudes) } : {}) },
  };
}

/** The fixed scale of a linear change. @throws UserError for what PEFT keeps no low-rank change of */
export function scaleOfChange({ form, composition }: Change, module: string): number {
  const plain =
    form.kind === 'bottleneck' &&
    form.activation === 'identity' &&
    form.innerNorm === 'none' &&
    !('bias' in form.factors && form.factors.bias);
  if (!plain) throw cannot(module, 'PEFT keeps plain low-rank changes of matrices only');
  if (composition.kind === 'renormalise') return composition.scale;
  if (composition.kind === 'add') return 1;
  if (composition.kind === 'scaledAdd' && composition.scale.kind === 'fixed') return composition.scale.value;
  throw cannot(module, `LoRA in PEFT has a fixed scale, not ${composition.kind}`);
}

/** What DoRA's magnitudes start at. */
function columnNorms({ values }: Values, width: number): Values {
  const squares = new Float32Array(width);
  values.forEach((value, i) => {
    squares[i % width] = (squares[i % width] as number) + value * value;
  });
  return { shape: [width], values: squares.map(Math.sqrt) };
}
