import type { ModelShape } from '../../model/shape';
import { backbone, stacksOf, weightShapes } from '../../model/shapes';
import type { Bottleneck, Method, Modification } from '../design/types';
import { keyValueWidth, placesOf, siteWidths, type Place } from '../design/places';
import { unreached } from './reach';
import { sizeOf } from '../forms/spec';
import { unfrozenNames } from '../forms/unfrozen';

/** Parameters of a method on a model, in closed form: no tensor is made. */
export interface Counts {
  /** Parameters of the frozen model: the denominator. */
  readonly backbone: number;
  /** Elements with gradient, the task's head apart. */
  readonly trained: number;
  /** Trained elements that the loss of this architecture can reach. */
  readonly used: number;
  /** Elements of the saved file: a prefix instead of its MLP, constants that cannot be redrawn. */
  readonly stored: number;
  /** Weights and biases of a linear head with `classes` outputs. */
  readonly head: number;
  /** What the method's source counts (see `Method.counted`): the numerator of the published percentages. */
  readonly paper: number;
  /** paper / backbone. */
  readonly share: number;
}

/** @param classes outputs of the task's head, 0 where the model's own language-model head is used */
export function count(method: Method, shape: ModelShape, classes = 0): Counts {
  const weights = weightShapes(shape);
  const unfrozen = total(unfrozenNames(method, shape).map((name) => sizeOf(weights[name] ?? [])));
  const rows = total(method.unfrozen.map((part) => (part.kind === 'tokenRows' ? part.count * shape.width : 0)));
  const prompt = method.prompt.kind === 'none' ? 0 : method.prompt.length * shape.width;
  const model = unfrozen + rows + prompt;
  const all = backbone(shape);
  const sums = method.modifications.map((modification) => modificationCounts(modification, shape));
  const shared = sharedRules(method, shape);
  const projections = storedProjections(method, shape);
  const sum = (key: keyof Sums): number => total(sums.map((part) => part[key])) + shared;
  const trained = model + sum('trained');
  const full = method.unfrozen.some(({ kind }) => kind === 'all');
  const paper = full ? all + sum('matrices') : model + (method.counted === 'all' ? sum('collapsed') : sum('matrices'));
  return {
    backbone: all,
    trained,
    used: trained - unreached(method, shape),
    stored: model + sum('stored') + projections,
    head: classes * (shape.width + 1),
    paper,
    share: paper / all,
  };
}

interface Sums {
  readonly trained: number;
  /** Trained, with the prefix in place of its MLP. */
  readonly collapsed: number;
  readonly stored: number;
  /** The form's matrices alone. */
  readonly matrices: number;
}

function modificationCounts(modification: Modification, shape: ModelShape): Sums {
  const places = placesOf(modification, shape);
  const { form } = modification;
  const composed = total(places.map((place) => composition(modification, shape, place)));
  if (form.kind === 'prefix') {
    const prefix = places.length * 2 * form.length * keyValueWidth(shape);
    const trained =
      form.reparameterisation.kind === 'none'
        ? prefix
        : mlps(form.length, form.reparameterisation.width, places, shape);
    return { trained: trained + composed, collapsed: prefix + composed, stored: prefix + composed, matrices: prefix };
  }
  if (form.kind === 'diagonal') return same(total(places.map(({ out }) => out)) + composed);
  const matrices = total(places.map((place) => factors(form, place)));
  const extras = total(places.map((place) => biasesAndNorms(modification, form, shape, place))) + composed;
  const constants = total(places.map((place) => storedConstants(form, place)));
  return { trained: matrices + extras, collapsed: matrices + extras, stored: matrices + extras + constants, matrices };
}

const same = (size: number): Sums => ({ trained: size, collapsed: size, stored: size, matrices: size });

/** l d + (d w + w) + (w 2Lk + 2Lk) for each stack, k the width of the key-value heads. */
function mlps(length: number, width: number, places: readonly Place[], shape: ModelShape): number {
  return total(
    stacksOf(shape).map((stack) => {
      const made = 2 * keyValueWidth(shape) * places.filter((place) => place.stack === stack).length;
      return made === 0 ? 0 : length * shape.width + (shape.width + 1) * width + (width + 1) * made;
    }),
  );
}

function factors({ factors: kind, r, trains }: Bottleneck, { reads, out }: Place): number {
  switch (kind.kind) {
    case 'dense':
      return trains === 'up' ? r * out : r * (reads + out);
    case 'principal':
      return r * (reads + out);
    case 'triplet':
      return r * (reads + out) + r;
    case 'frozenRandom':
      return r + out;
    // n (in / n k + k r / n) + n (r / n k + k out / n), and two rules n^3 unless shared
    case 'phm':
      return kind.rank * (reads + 2 * r + out) + (kind.share ? 0 : 2 * kind.n ** 3);
  }
}

function biasesAndNorms({ reads }: Modification, form: Bottleneck, shape: ModelShape, place: Place): number {
  const { factors: kind, innerNorm, r } = form;
  const biased = (kind.kind === 'dense' || kind.kind === 'phm') && kind.bias;
  const biases = biased ? (form.perHead ? shape.heads * r : r) + place.out : 0;
  const norm = innerNorm === 'none' ? 0 : 2 * (innerNorm === 'in' ? place.reads : place.out);
  return biases + norm + (reads === 'query(norm(x))' ? 2 * shape.width : 0);
}

function composition({ composition: how, form, site }: Modification, shape: ModelShape, place: Place): number {
  switch (how.kind) {
    case 'scaledAdd':
      return { fixed: 0, learned: 1, perChannel: place.out }[how.scale.kind];
    case 'inputGate':
      return (form.kind === 'prefix' ? siteWidths(shape, site).x : place.reads) + 1;
    case 'renormalise':
      return place.out;
    case 'add':
    case 'massGate':
    case 'multiply':
      return 0;
  }
}

/** A frozen random down matrix, PiSSA's starting point, AdaLoRA's mask. */
function storedConstants({ factors: kind, r, trains }: Bottleneck, { reads, out }: Place): number {
  if (kind.kind === 'principal') return r * (reads + out);
  if (kind.kind === 'triplet') return r;
  return kind.kind === 'dense' && trains === 'up' ? r * reads : 0;
}

/** One rule n^3 for all places of a method that shares it. */
function sharedRules(method: Method, shape: ModelShape): number {
  const sizes = method.modifications.flatMap((modification) => {
    const kind = modification.form.kind === 'bottleneck' ? modification.form.factors : undefined;
    return kind?.kind === 'phm' && kind.share && placesOf(modification, shape).length > 0 ? [kind.n] : [];
  });
  return total([...new Set(sizes)].map((n) => n ** 3));
}

/** VeRA's random matrices in the file: one of each seed, side and size. */
function storedProjections({ modifications }: Method, shape: ModelShape): number {
  const matrices = modifications.flatMap((modification) => {
    const { form } = modification;
    if (form.kind !== 'bottleneck' || form.factors.kind !== 'frozenRandom' || form.factors.projections === 'redrawn')
      return [];
    const {
      r,
      factors: { seed },
    } = form;
    return placesOf(modification, shape).flatMap(
      ({ reads, out }) =>
        [
          [`${seed} down ${reads} ${r}`, reads * r],
          [`${seed} up ${r} ${out}`, r * out],
        ] as const,
    );
  });
  return total([...new Map(matrices).values()]);
}

function total(sizes: readonly number[]): number {
  return sizes.reduce((sum, size) => sum + size, 0);
}
