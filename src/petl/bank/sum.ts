import { tf, type Tensor, type Tensors } from '../../engine/tf';
import { UserError } from '../../errors';
import { isLinear } from '../design/forms';
import { pointsOf } from '../design/point';
import { formName, placesOf } from '../design/places';
import type { Bottleneck, Method, Modification } from '../design/types';
import { matrices } from '../forms/bottleneck';
import { Delta } from './delta';

/** A delta and its share in a sum. */
export interface Weighted {
  readonly delta: Pick<Delta, 'method' | 'shape' | 'variables' | 'constants'>;
  readonly weight: number;
}

/**
 * The delta whose change of the model is the weighted sum of the others', exactly: the low-rank matrices stand side by
 * side, their ranks add up (PEFT's `add_weighted_adapter` of type `cat`; its `linear` sums the factors, which is
 * another change, and is exact only for equal down matrices).
 * @throws UserError for what has no exact sum: anything but linear, unscaled or fixed-scale changes of projections, and
 * methods that train the model's own weights or a prompt
 */
export function weightedSum(parts: readonly Weighted[]): Delta {
  const [first] = parts;
  if (first === undefined) throw new UserError('A weighted sum needs at least one adapter.');
  for (const part of parts) demandSummable(part, first);
  const pieces = parts.flatMap(piecesOf);
  const groups = new Map<string, Piece[]>();
  for (const piece of pieces) groups.set(piece.key, [...(groups.get(piece.key) ?? []), piece]);
  const made = [...groups.values()].map(joined);
  const method = pointsOf(made.map(({ modification }) => modification));
  const variables = Object.assign({}, ...made.map(({ tensors }, index) => tensors(formName(method, index)))) as Tensors;
  return new Delta(method, first.delta.shape, { variables, constants: {} });
}

/** One modification of one delta. */
interface Piece extends Weighted {
  readonly key: string;
  readonly modification: Modification;
  readonly name: string;
}

function piecesOf({ delta, weight }: Weighted): readonly Piece[] {
  return delta.method.modifications.map((modification, index) => {
    const { site, stacks, layers, reads } = modification;
    return {
      key: JSON.stringify([site, stacks, layers, reads]),
      ...{ delta, weight, modification, name: formName(delta.method, index) },
    };
  });
}

interface Made {
  readonly modification: Modification;
  /** The summed tensors, under this name of the form. */
  readonly tensors: (form: string) => Tensors;
}

/** Rows of W_up carry weight and scale, so that the sum adds with s = 1. */
function joined(pieces: readonly Piece[]): Made {
  const [{ modification, delta }] = pieces as readonly [Piece];
  const r = pieces.reduce((sum, piece) => sum + rankOf(piece), 0);
  const form: Bottleneck = {
    ...(modification.form as Bottleneck),
    r,
    dropout: 0,
    trains: 'both',
    factors: { kind: 'dense', init: { kind: 'lora' }, bias: false },
  };
  return {
    modification: { ...modification, form, composition: { kind: 'add' } } as Modification,
    tensors: (name) =>
      Object.fromEntries(
        placesOf(modification, delta.shape).flatMap((place) => {
          const sides = pieces.map((piece) => sidesOf(piece, place.name, place.reads));
          const at = `${place.name}.${name}`;
          const whole = (side: 'down' | 'up', axis: number): Tensor =>
            tf.concat(
              sides.map((one) => one[side]),
              axis,
            );
          const pair = [[`${at}.down`, whole('down', 1)] as const, [`${at}.up`, whole('up', 0)] as const];
          tf.dispose(sides.map(({ down, up }) => [down, up]));
          return pair;
        }),
      ),
  };
}

/** PiSSA's start stands beside it with the opposite sign, at twice the rank. */
function rankOf({ modification }: Piece): number {
  const { r, factors } = modification.form as Bottleneck;
  return factors.kind === 'principal' ? 2 * r : r;
}

/** down `[in, r]` and weight s up `[r, out]`. */
function sidesOf(
  { modification, delta, weight, name }: Piece,
  place: string,
  width: number,
): Record<'down' | 'up', Tensor> {
  const form = modification.form as Bottleneck;
  const all: Tensors = { ...delta.constants, ...delta.variables };
  const shared = (full: string): Tensor => {
    const tensor = all[full];
    if (tensor === undefined) throw new Error(`the method's tensor ${full} is missing`);
    return tensor;
  };
  const own = (part: string): Tensor => shared(`${place}.${name}.${part}`);
  return tf.tidy(() => {
    const { down, up } = matrices(form, { own, shared }, width);
    const scaled = (side: Tensor, sign: number): Tensor => tf.mul(side, sign * weight * scaleOf(modification));
    return form.factors.kind === 'principal'
      ? {
          down: tf.concat([down, own('down.start')], 1),
          up: tf.concat([scaled(up, 1), scaled(own('up.start'), -1)], 0),
        }
      : { down: tf.clone(down), up: scaled(up, 1) };
  });
}

/** NaN where the scale trains: such a change has no place in a sum of fixed scales. */
function scaleOf({ composition }: Modification): number {
  if (composition.kind === 'add') return 1;
  return composition.kind === 'scaledAdd' && composition.scale.kind === 'fixed' ? composition.scale.value : NaN;
}

function demandSummable({ delta, weight }: Weighted, first: Weighted): void {
  const reason = whyNoSum(delta.method);
  if (reason !== undefined) throw new UserError(`Adapter ${delta.method.name} has no exact weighted sum: ${reason}.`);
  if (!Number.isFinite(weight)) throw new UserError(`A weight of a sum must be a number, not ${weight}.`);
  if (JSON.stringify(delta.shape) !== JSON.stringify(first.delta.shape))
    throw new UserError(
      `Adapter ${delta.method.name} was made for a model of another shape than ${first.delta.method.name}.`,
    );
}

function whyNoSum({ modifications, unfrozen, prompt, passes }: Method): string | undefined {
  if (passes.kind !== 'once') return 'it runs the model twice';
  if (unfrozen.length > 0 || prompt.kind !== 'none') return "it trains the model's own weights or a prompt";
  if (modifications.length === 0) return 'it changes nothing';
  const odd = modifications.find(
    (modification) => !isLinear(modification.form) || modification.reads !== 'x' || Number.isNaN(scaleOf(modification)),
  );
  return odd === undefined
    ? undefined
    : `${odd.form.kind} at ${odd.site}, put back by ${odd.composition.kind}, is no linear change with a fixed scale`;
}
