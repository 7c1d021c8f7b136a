import type { Bottleneck, Change } from '../design/types';
import { lowRankForm } from './peft-lora';
import type { Piece } from './pieces';
import { beside, stacked, times, transposed, type Named, type Values } from './values';

/**
 * Low-rank changes of any factors as plain LoRA that computes the same: AdaLoRA's singular values and VeRA's numbers go
 * into its
 * matrices; PiSSA's start stands beside them with the opposite sign, at twice the rank, as PEFT's own conversion has
 * it.
 */
export function plainLora(piece: Piece): Piece {
  const { form } = piece.change;
  if (
    form.kind !== 'bottleneck' ||
    form.activation !== 'identity' ||
    form.factors.kind === 'dense' ||
    form.factors.kind === 'phm'
  )
    return piece;
  const { down, up } = matrices(form, piece.parts);
  const { down: _d, up: _u, 'down.start': _ds, 'up.start': _us, ...rest } = piece.parts;
  const plain = lowRankForm(down.shape[1] as number);
  return {
    ...piece,
    change: { ...piece.change, form: { ...plain, dropout: form.dropout } } as Change,
    parts: { ...rest, down, up },
  };
}

/** @returns down `[in, r]`, up `[r, out]` */
function matrices({ factors }: Bottleneck, parts: Named): { readonly down: Values; readonly up: Values } {
  const of = (part: string): Values => parts[part] as Values;
  switch (factors.kind) {
    case 'principal':
      return { down: beside([of('down'), of('down.start')]), up: stacked([of('up'), times(of('up.start'), -1)]) };
    case 'triplet':
      return { down: byColumn(of('down'), singularOf(parts)), up: of('up') };
    case 'frozenRandom':
      return { down: byColumn(of('random.down'), of('inner')), up: byColumn(of('random.up'), of('outer')) };
    case 'dense':
    case 'phm':
      return { down: of('down'), up: of('up') };
  }
}

/** AdaLoRA's singular values, 0 where a direction is switched off. */
export function singularOf(parts: Named): Values {
  const [values, mask] = [parts['singular'] as Values, parts['mask'] as Values];
  return { shape: values.shape, values: values.values.map((value, i) => value * (mask.values[i] as number)) };
}

/** Each column of a matrix times its number. */
function byColumn(matrix: Values, numbers: Values): Values {
  const width = matrix.shape[1] as number;
  return {
    shape: matrix.shape,
    values: matrix.values.map((value, i) => value * (numbers.values[i % width] as number)),
  };
}

/** Each row times its number. */
export function byRow(matrix: Values, numbers: Values): Values {
  return transposed(byColumn(transposed(matrix), numbers));
}
