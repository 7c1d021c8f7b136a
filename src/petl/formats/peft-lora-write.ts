import type { Change } from '../design/types';
import { byName, cannot, type Base } from './base';
import type { Config } from './folder';
import { joint, modulesOf, outOf, together, weightOf, type Places } from './joint';
import type { Piece } from './pieces';
import { plainLora } from './plain';
import type { BlockPart } from './modules';
import { filled, plus, product, shaped, times, transposed, type Named, type Values } from './values';

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

/** LoRA and DoRA; PiSSA as LoRA of twice its rank. Where some are DoRA, the others are so with the norms that they have. */
export function writeLora(given: readonly Piece[], base: Base): Made {
  const pieces = given.map(plainLora);
  const [dora, bias] = [pieces.some(isDora), pieces.some(({ change }) => hasBias(change))];
  if (dora && bias) throw cannot('DoRA beside a change with biases', 'PEFT has lora_bias for LoRA alone');
  const written = modulesOf(pieces, base).map(([module, places]) => writeModule(module, places, { base, dora, bias }));
  const { r = 8, alpha = 8 } = written[0] ?? {};
  const unlike = written.filter((one) => one.r !== r || one.alpha !== alpha);
  const config = {
    peft_type: 'LORA',
    r,
    lora_alpha: alpha,
    lora_dropout: 0,
    lora_bias: bias,
    bias: 'none',
    use_rslora: false,
    use_dora: dora,
    fan_in_fan_out: base.shape.family === 'gpt2',
    target_modules: written.map(({ module }) => module),
    init_lora_weights: true,
    rank_pattern: Object.fromEntries(unlike.map((one) => [one.module, one.r])),
    alpha_pattern: Object.fromEntries(unlike.map((one) => [one.module, one.alpha])),
  };
  const tensors = written.flatMap(({ module, parts }) =>
    Object.entries(parts).map(([part, values]) => [`base_model.model.${module}.${part}`, values] as const),
  );
  return { config, tensors: byName(tensors) };
}

const isDora = ({ change }: Piece): boolean => change.composition.kind === 'renormalise';
const hasBias = ({ form }: Change): boolean =>
  form.kind === 'bottleneck' && form.factors.kind === 'dense' && form.factors.bias;

interface Kind {
  readonly base: Base;
  readonly dora: boolean;
  readonly bias: boolean;
}

function writeModule(module: string, places: Places, { base, dora, bias }: Kind): Written {
  const present = places.flatMap(({ piece }) => (piece === undefined ? [] : [piece]));
  const scaleOfPiece = ({ change }: Piece): number => scaleOfChange(change, module, bias);
  const [s = 1] = present.map(scaleOfPiece);
  const { a, b } = joint(places, base, (piece) => ({
    a: transposed(piece.parts['down'] as Values),
    b: times(transposed(piece.parts['up'] as Values), scaleOfPiece(piece) / s),
  }));
  const r = a.shape[0] as number;
  const magnitudes = (): Named => ({
    lora_magnitude_vector: together(
      places.map(({ at, piece }) => magnitude(at, piece, { base, module })),
      base,
    ),
  });
  const biases = (): Named => ({
    'lora_B.bias': together(
      places.map(({ at, piece }) =>
        piece === undefined
          ? filled([outOf(at, base)], 0)
          : times(biasOf(piece, outOf(at, base)), scaleOfPiece(piece) / s),
      ),
      base,
    ),
  });
  return {
    module,
    r,
    alpha: s * r,
    parts: { 'lora_A.weight': a, 'lora_B.weight': b, ...(dora ? magnitudes() : {}), ...(bias ? biases() : {}) },
  };
}

/** m of DoRA; that of a part which has none is |W + s A B|, so that nothing is renormalised. */
function magnitude(
  at: BlockPart,
  piece: Piece | undefined,
  { base, module }: { readonly base: Base; readonly module: string },
): Values {
  const weight = weightOf(at, base);
  if (piece === undefined) return columnNorms(weight, outOf(at, base));
  const own = piece.parts['magnitude'];
  if (own !== undefined) return own;
  const change = product(piece.parts['down'] as Values, piece.parts['up'] as Values);
  return columnNorms(plus(weight, times(change, scaleOfChange(piece.change, module)).values), outOf(at, base));
}

/** The bias of the up matrix, with that of the down matrix behind it: (x A + a) B + b = x A B + (a B + b). */
function biasOf({ parts }: Piece, width: number): Values {
  const [down, up, bias] = [parts['down.bias'], parts['up'] as Values, parts['up.bias']];
  if (down === undefined || bias === undefined) return filled([width], 0);
  return plus(bias, product(shaped(down, [1, down.values.length]), up).values);
}

/** The fixed scale of a linear change. @throws UserError for what PEFT keeps no low-rank change of */
export function scaleOfChange({ form, composition }: Change, module: string, biased: boolean = false): number {
  const plain =
    form.kind === 'bottleneck' &&
    form.activation === 'identity' &&
    form.innerNorm === 'none' &&
    !form.perHead &&
    (biased || !('bias' in form.factors && form.factors.bias));
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
