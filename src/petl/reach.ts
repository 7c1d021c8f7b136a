import type { ModelShape } from '../model/shape';
import { stacksOf, weightShapes } from '../model/shapes';
import type { Method, Modification } from './design';
import { placesOf, type Place } from './places';
import { sizeOf } from './spec';
import { unfrozenNames } from './unfrozen';

/**
 * Trained elements that no loss of this architecture depends on. A vector added to every key of an attention shifts all
 * its scores of one query alike, and softmax forgets the shift: key biases never receive gradient, unless rotary positions turn them or
 * a prefix adds keys without them. Some rows of position tables are never read, and a lone prefix key without gate always has weight 1.
 */
export function unreached(method: Method, shape: ModelShape): number {
  const unfrozen = unfrozenNames(method, shape);
  const biases = unfrozen.filter((name) => /\.key\.bias$/.test(name) && !seesKeyShift(method, shape, name.replace('.key.bias', '')));
  const sizes = weightShapes(shape);
  const positions = unfrozen.map((name) => unreadRows(shape, name));
  const own = method.modifications.flatMap((modification) => placesOf(modification, shape).map((place) => unreachedAt(method, modification, shape, place)));
  return [...biases.map((name) => sizeOf(sizes[name] ?? [])), ...positions, ...own].reduce((sum, size) => sum + size, 0);
}

/** @param attention `encoder.3.attn` */
function seesKeyShift(method: Method, shape: ModelShape, attention: string): boolean {
  if (shape.positions.kind === 'rotary') return true;
  return method.modifications.some((modification) => modification.composition.kind === 'massGate'
    && placesOf(modification, shape).some(({ name }) => name === `${attention}.heads`));
}

/** Rows in front of the first position, and the bucket of distance 0 to the right, which distance 0 to the left takes. */
function unreadRows(shape: ModelShape, name: string): number {
  const { positions } = shape;
  if (positions.kind === 'learned' && name.endsWith('position')) return positions.offset * shape.width;
  return positions.kind === 'relative' && name === 'encoder.relative' && stacksOf(shape).includes('encoder') ? shape.heads : 0;
}

function unreachedAt(method: Method, { form, composition, site }: Modification, shape: ModelShape, place: Place): number {
  if (form.kind === 'prefix') {
    const lone = form.length === 1 && composition.kind !== 'massGate';
    return lone ? shape.keyValueHeads * shape.headWidth : 0;
  }
  if (form.kind !== 'bottleneck' || !/\.key$/.test(site) || seesKeyShift(method, shape, place.name.replace(/\.key$/, ''))) return 0;
  if (composition.kind !== 'add' && composition.kind !== 'scaledAdd') return 0;
  const biased = (form.factors.kind === 'dense' || form.factors.kind === 'phm') && form.factors.bias;
  return (biased ? place.out : 0) + (form.innerNorm === 'out' ? place.out : 0);
}
