import type { ModelShape } from '../../model/shape';
import { distancesOf, tableWidth, weightShapes } from '../../model/shapes';
import type { Method, Modification } from '../design/types';
import { hasBias } from '../design/bottleneck';
import { formName, placesOf, type Place } from '../design/places';
import { sizeOf } from '../forms/spec';
import { unfrozenNames } from '../forms/unfrozen';
import { variablesOf } from '../forms/variables';

/**
 * Trained elements that no loss of this architecture depends on. A vector added to every key of an attention shifts all
 * its scores of one query alike, and softmax forgets the shift: key biases never receive gradient, unless rotary
 * positions turn them, a norm or a soft cap bends the scores, or
 * a prefix adds keys without them. Some rows of position tables are never read, and a lone prefix key without gate
 * always has weight 1.
 */
export function unreached(method: Method, shape: ModelShape): number {
  const tensors = unreachedTensors(method, shape);
  const parts = unfrozenNames(method, shape).map((name) =>
    tensors.has(name) ? 0 : unreadRows(shape, name) + stillColumns(method, shape, name),
  );
  return [...tensors.values(), ...parts].reduce((sum, size) => sum + size, 0);
}

/** Trained tensors no element of which can receive gradient, with their sizes. A prefix MLP's are none of them. */
export function unreachedTensors(method: Method, shape: ModelShape): ReadonlyMap<string, number> {
  const biases = unfrozenNames(method, shape).filter(
    (name) => /\.key\.bias$/.test(name) && !seesKeyShift(method, shape, name.replace('.key.bias', '')),
  );
  const sizes = weightShapes(shape);
  const own = method.modifications.flatMap((modification, index) =>
    placesOf(modification, shape).flatMap((place) =>
      unreachedAt(method, modification, shape, place).map((part) => `${place.name}.${formName(method, index)}.${part}`),
    ),
  );
  const variables = own.length === 0 ? [] : variablesOf(method, shape).filter(({ name }) => own.includes(name));
  return new Map([
    ...biases.map((name) => [name, sizeOf(sizes[name] ?? [])] as const),
    ...variables.map((spec) => [spec.name, sizeOf(spec.shape)] as const),
  ]);
}

/** A key bias's columns that do not turn, where others do: the shift is forgotten there. */
function stillColumns(method: Method, shape: ModelShape, name: string): number {
  const { positions } = shape;
  if (!name.endsWith('.key.bias') || positions.kind !== 'rotary' || positions.columns === 'all') return 0;
  const bent = shape.queryKeyNorm || shape.softCap.attention !== null;
  if (bent || joinedByPrefix(method, shape, name.replace('.key.bias', ''))) return 0;
  return shape.keyValueHeads * (shape.headWidth - positions.columns);
}

/** @param attention `encoder.3.attn` */
function seesKeyShift(method: Method, shape: ModelShape, attention: string): boolean {
  const { positions, queryKeyNorm, softCap } = shape;
  const layer = Number(attention.split('.')[1]);
  if (positions.kind === 'rotary' && !positions.still.includes(layer)) return true;
  if (queryKeyNorm || softCap.attention !== null) return true;
  return joinedByPrefix(method, shape, attention);
}

function joinedByPrefix(method: Method, shape: ModelShape, attention: string): boolean {
  return method.modifications.some(
    (modification) =>
      sharesMass(modification) && placesOf(modification, shape).some(({ name }) => name === `${attention}.heads`),
  );
}

/** A prefix that stands beside the keys, in one softmax with them. */
function sharesMass({ form, composition }: Modification): boolean {
  return form.kind === 'prefix' && (composition.kind === 'massGate' || composition.kind === 'inputGate');
}

/**
 * Rows in front of the first position, and the bucket of distance 0 to the right, which distance 0 to the left takes.
 */
function unreadRows(shape: ModelShape, name: string): number {
  const { positions } = shape;
  if (positions.kind === 'learned' && name.endsWith('position')) return positions.offset * tableWidth(shape);
  return distancesOf(shape) !== undefined && name === 'encoder.relative' ? shape.heads : 0;
}

function unreachedAt(method: Method, modification: Modification, shape: ModelShape, place: Place): readonly string[] {
  const { form, composition, site } = modification;
  if (form.kind === 'prefix') {
    const lone = form.length === 1 && !sharesMass(modification);
    return lone ? ['keys'] : [];
  }
  if (
    form.kind !== 'bottleneck' ||
    !site.endsWith('.key') ||
    seesKeyShift(method, shape, place.name.replace(/\.key$/, ''))
  )
    return [];
  if (composition.kind !== 'add' && composition.kind !== 'scaledAdd') return [];
  return [...(hasBias(form.factors) ? ['up.bias'] : []), ...(form.innerNorm === 'out' ? ['norm.bias'] : [])];
}
