import { detach, linear, matmul, oneHot } from '../../engine/layers';
import { statelessUniform, type Noise } from '../../engine/random';
import { tf, type Tensor, type Tensors } from '../../engine/tf';
import type { ModelShape } from '../../model/shape';
import { untouched, type SequenceMean, type Site, type SitePoint, type Visit } from '../../model/site';
import { attendPrefix, need, prefixPairs, type PrefixPair } from './attend';
import { bottleneckForm, matrices, normed, perHeadForm, scaled, type FormContext, type Own } from './bottleneck';
import type { Bottleneck, Composition, Method, Modification, Prefix, Reads } from '../design/types';
import { formName, placeName, placesOf } from '../design/places';

export interface ModifyContext {
  /** Randomness of the method's dropout; undefined outside training. */
  readonly noise: Noise | undefined;
  /** Needed by gates per sequence. */
  readonly sequenceMean?: SequenceMean;
}

/** The free prompt vectors `[l, d]`, for `Forward.prompt`; undefined where there are none, or they are written. */
export function promptOf(method: Method, tensors: Tensors): Tensor | undefined {
  return method.prompt.kind === 'free' ? need(tensors, 'prompt') : undefined;
}

/** Slots that a batch must leave free in front of each sequence. */
export function promptLength({ prompt }: Method): number {
  return prompt.kind === 'none' ? 0 : prompt.length;
}

/** One modification at one place, with the prefix of its tensors' names. */
interface Step {
  readonly modification: Modification;
  readonly name: string;
}

/** Everything that the steps of one visit share. */
interface Running extends ModifyContext {
  readonly shape: ModelShape;
  readonly tensors: Tensors;
  readonly prefixes: ReadonlyMap<string, PrefixPair>;
  /** The query projection of each attention that has been passed, for forms that ask with a query of their own. */
  readonly projections: Map<string, NonNullable<SitePoint['linear']>>;
}

/**
 * Applies a method to a frozen model: the one interpreter of the design space (He et al. 2021, section 3.3). Call it
 * inside
 * the step that is traced or differentiated, once per step: a prefix MLP runs here.
 * @param tensors the delta's variables and constants by name
 */
export function visitFor(method: Method, shape: ModelShape, tensors: Tensors, context: ModifyContext): Visit {
  const steps = stepsByPlace(method, shape);
  if (steps.size === 0) return untouched;
  const running: Running = {
    ...context,
    shape,
    tensors,
    prefixes: prefixPairs(method, shape, tensors),
    projections: new Map(),
  };
  const keep = layerKeeper(method, context.noise);
  const visit = (point: SitePoint): Tensor => {
    const place = placeName(point.stack, point.layer, point.site);
    if (point.linear !== undefined && point.site.endsWith('.query'))
      running.projections.set(place.replace(/\.query$/, ''), point.linear);
    const here = steps.get(place);
    if (here === undefined) return point.output;
    const moved = here.reduce((h, step) => modify(step, { ...point, output: h }, running), point.output);
    const kept = keep(point.layer);
    return kept === undefined ? moved : tf.add(point.output, tf.mul(tf.sub(moved, point.output), kept));
  };
  return Object.assign(visit, {
    sites: sitesOf(method),
    whole: method.modifications.some(
      ({ composition }) => composition.kind === 'inputGate' && composition.per === 'sequence',
    ),
  });
}

/** The sites that the method looks at: the model may fuse the others. */
function sitesOf({ modifications }: Method): ReadonlySet<Site> {
  const asks = modifications
    .filter(({ reads }) => reads === 'query(norm(x))')
    .map(({ site }) => site.replace(/heads$/, 'query') as Site);
  return new Set([...modifications.map(({ site }) => site), ...asks]);
}

/**
 * Robust AdapterDrop (Rueckle et al. 2021, section 3.2): 1 for layers from n on, 0 below, n drawn anew in every
 * training step.
 */
function layerKeeper({ lifecycle }: Method, source: Noise | undefined): (layer: number) => Tensor | undefined {
  if (lifecycle.kind !== 'layerDrop' || source === undefined) return () => undefined;
  const { first } = lifecycle;
  const dropped = tf.floor(tf.mul(statelessUniform([1], source.seed, source.next()), first + 1)); // 0 .. first
  return (layer) => (layer >= first ? undefined : tf.cast(tf.lessEqual(dropped, layer), 'float32'));
}

function stepsByPlace(method: Method, shape: ModelShape): ReadonlyMap<string, readonly Step[]> {
  const steps = new Map<string, Step[]>();
  method.modifications.forEach((modification, index) => {
    for (const place of placesOf(modification, shape)) {
      const here = steps.get(place.name) ?? [];
      here.push({ modification, name: `${place.name}.${formName(method, index)}` });
      steps.set(place.name, here);
    }
  });
  return steps;
}

/** h <- composition(h, form(input)). */
function modify({ modification, name }: Step, point: SitePoint, running: Running): Tensor {
  const { form } = modification;
  const own: Own = (part) => need(running.tensors, `${name}.${part}`);
  switch (form.kind) {
    case 'diagonal':
      return tf.mul(point.output, own('factor'));
    case 'lookup':
      return tf.add(point.output, looked(own('rows'), point));
    case 'prefix':
      return modifyByPrefix(modification, form, point, { running, name });
    case 'bottleneck':
      return modifyByBottleneck(modification, form, point, { running, name });
  }
}

/** The row of each token's segment, as a product, whose gradient is one. @param rows `[n, d]` @returns `[N, d]` */
function looked(rows: Tensor, { segments, site }: SitePoint): Tensor {
  if (segments === undefined) throw new Error(`${site} shows no segments`);
  return matmul(oneHot(segments, rows.shape[0] as number), rows);
}

interface Named {
  readonly running: Running;
  readonly name: string;
}

function modifyByBottleneck(
  modification: Modification,
  form: Bottleneck,
  point: SitePoint,
  { running, name }: Named,
): Tensor {
  const { composition } = modification;
  const own: Own = (part) => need(running.tensors, `${name}.${part}`);
  const input = inputOf(modification.reads, point, running, own);
  const context: FormContext = {
    own,
    shared: (full) => need(running.tensors, full),
    noise: running.noise,
    scale: scaleOf(modification.composition, own),
  };
  const change = form.perHead
    ? perHeadForm(form, input, running.shape.heads, context)
    : bottleneckForm(form, input, context);
  switch (composition.kind) {
    case 'add':
    case 'scaledAdd':
      return tf.add(point.output, change);
    case 'inputGate':
      return tf.add(point.output, tf.mul(change, gateOf(composition.per, { ...point, input }, own, running)));
    case 'multiply':
      return tf.add(point.output, tf.mul(point.output, change));
    case 'renormalise':
      return renormalise(form, point, change, context);
    case 'massGate':
      throw new Error(`${name}: a bottleneck has no attention mass`); // whyInvalid refuses it first
  }
}

function modifyByPrefix(modification: Modification, form: Prefix, point: SitePoint, { running, name }: Named): Tensor {
  const { composition } = modification;
  const own: Own = (part) => need(running.tensors, `${name}.${part}`);
  const pair = running.prefixes.get(name);
  if (point.attention === undefined || pair === undefined)
    throw new Error(`${name}: a prefix of ${form.length} needs an attention`);
  const g = composition.kind === 'inputGate' ? gateOf(composition.per, point, own, running) : undefined; // [N, 1]
  const attention = g === undefined ? point.attention : { ...point.attention, query: tf.mul(point.attention.query, g) }; // g (q P_k^T)
  const values = scaled(pair.values, scaleOf(modification.composition, own));
  const { change, gate } = attendPrefix({ keys: pair.keys, values }, attention, running.shape);
  if (composition.kind === 'add' || composition.kind === 'scaledAdd')
    return tf.add(point.output, tf.reshape(change, point.output.shape));
  const h = tf.reshape(point.output, change.shape);
  const moved = g === undefined ? change : tf.mul(change, tf.expandDims(g, 2));
  return tf.reshape(tf.add(h, tf.mul(gate(), tf.sub(moved, h))), point.output.shape); // (1 - gate) h + gate dh
}

/** m (W + s A B) / |W + s A B| x + b, the norm by column and without gradient (DoRA, Liu et al. 2024, section 4.3). */
function renormalise(form: Bottleneck, point: SitePoint, change: Tensor, context: FormContext): Tensor {
  const { linear: map, input, output } = point;
  if (map === undefined) throw new Error(`${point.site} shows no weight to renormalise`);
  const { down, up } = matrices(form, context, input.shape[1] as number);
  const weight = tf.add(map.weight, matmul(detach(down), scaled(detach(up), context.scale)));
  const factor = tf.div(context.own('magnitude'), tf.sqrt(tf.sum(tf.square(weight), 0))); // [out]
  const moved = tf.mul(tf.add(output, change), factor);
  return map.bias === undefined ? moved : tf.add(moved, tf.mul(map.bias, tf.sub(1, factor)));
}

export function scaleOf(composition: Composition, own: Own): number | Tensor {
  if (composition.kind === 'inputGate' || composition.kind === 'renormalise') return composition.scale;
  if (composition.kind !== 'scaledAdd') return 1;
  return composition.scale.kind === 'fixed' ? composition.scale.value : own('scale');
}

/** sigmoid(x w + b) `[N, 1]` (UniPELT, Mao et al. 2022). */
function gateOf(per: 'token' | 'sequence', point: SitePoint, own: Own, { sequenceMean }: Running): Tensor {
  const gate = tf.sigmoid(linear(point.input, own('gate.weight'), own('gate.bias')));
  if (per === 'token') return gate;
  if (sequenceMean === undefined) throw new Error('a gate per sequence needs to know the sequences');
  return sequenceMean(gate, point);
}

function inputOf(reads: Reads, point: SitePoint, running: Running, own: Own): Tensor {
  const { input, output, residual, attention, norm } = point;
  const required = <T>(value: T | undefined, what: string): T => {
    if (value === undefined) throw new Error(`${point.site} shows no ${what}`);
    return value;
  };
  const sum = (): Tensor => tf.add(output, required(residual, 'residual'));
  switch (reads) {
    case 'x':
      return input;
    case 'h':
      return output;
    case 'residual':
      return required(residual, 'residual');
    case 'h+residual':
      return sum();
    case 'norm(h+residual)':
      return running.shape.norm.place === 'post' ? required(norm, 'norm')(sum()) : sum();
    case 'segment':
      throw new Error(`${point.site} shows no vector of a segment`); // only a lookup reads it
    case 'query': {
      const { query, scale } = required(attention, 'attention');
      return tf.mul(query, scale);
    }
    case 'query(norm(x))': {
      const { weight, bias } = required(
        running.projections.get(placeName(point.stack, point.layer, point.site).replace(/\.heads$/, '')),
        'query projection',
      );
      return linear(normed(own, 'queryNorm', input), weight, bias);
    }
  }
}
