import type { Family } from '../../model/shape';
import type { Base } from './base';
import { transposed, type Named, type Values } from './values';

/**
 * A classification head here (`head.weight` `[d, classes]`, `head.bias`, and `head.tanh.*` or `head.relu.*` of a layer
 * before it), or why there is none.
 */
export interface HeadRead {
  readonly head: Named;
  readonly used: readonly string[];
  readonly lost?: string;
  readonly labels?: readonly string[];
}

/**
 * Where transformers keeps the two layers of its heads for sequences; the first token goes through both. BERT's first
 * one is the pooler. `modules` are what PEFT must save.
 */
interface Layout {
  readonly dense: string;
  readonly activation: 'tanh' | 'relu';
  readonly out: string;
  readonly modules: readonly string[];
}

export const headLayouts: Readonly<Partial<Record<Family, Layout>>> = {
  bert: { dense: 'bert.pooler.dense', activation: 'tanh', out: 'classifier', modules: ['classifier', 'pooler'] },
  roberta: { dense: 'classifier.dense', activation: 'tanh', out: 'classifier.out_proj', modules: ['classifier'] },
  distilbert: {
    dense: 'pre_classifier',
    activation: 'relu',
    out: 'classifier',
    modules: ['classifier', 'pre_classifier'],
  },
};

/** Names of a file's head, whatever the family. */
export const headName: RegExp =
  /^(?:base_model\.)?(?:model\.)?(?:(?:bert\.)?pooler|pre_classifier|classifier|classification_head|score)\./;

/** The head of transformers' models for sequences. @param nameOf the file's name of one of the head's tensors */
export function readStatic(tensors: Named, base: Base, nameOf: (own: string) => string): HeadRead {
  const names = Object.keys(tensors).filter((name) => headName.test(name));
  if (names.every((name) => name.includes('pooler.'))) return { head: {}, used: names }; // nothing here reads it alone
  const layout = headLayouts[base.shape.family];
  const lost = (why: string): HeadRead => ({ head: {}, used: names, lost: why });
  if (layout === undefined) return lost(`classifiers here read encoders, not ${base.shape.family} models`);
  if (base.shape.pooling !== 'first')
    return lost(`it reads the first token, this model is opened with ${base.shape.pooling} pooling`);
  const of = (part: string): Values | undefined => tensors[nameOf(part)];
  const [weight, bias] = [of(`${layout.out}.weight`), of(`${layout.out}.bias`)];
  if (weight === undefined || bias === undefined) return lost('its last layer is not in the file');
  const dense = denseOf(of(`${layout.dense}.weight`), of(`${layout.dense}.bias`), base);
  if (dense === undefined)
    return lost(
      `the layer before it is not in the file${base.shape.pooler ? ', nor a pooler in this model' : ''}: add ${layout.dense} to modules_to_save`,
    );
  const parts = [layout.out, layout.dense].flatMap((part) => [`${part}.weight`, `${part}.bias`].map(nameOf));
  return {
    used: parts.filter((name) => tensors[name] !== undefined),
    head: {
      'head.weight': transposed(weight),
      'head.bias': bias,
      [`head.${layout.activation}.weight`]: dense.weight,
      [`head.${layout.activation}.bias`]: dense.bias,
    },
  };
}

export interface Dense {
  readonly weight: Values;
  readonly bias: Values;
}

/** From the file, or the model's own pooler. */
function denseOf(weight: Values | undefined, bias: Values | undefined, base: Base): Dense | undefined {
  const own = weight === undefined || bias === undefined ? poolerOf(base) : undefined;
  const [first, added] = [weight === undefined ? own?.weight : transposed(weight), bias ?? own?.bias];
  return first === undefined || added === undefined ? undefined : { weight: first, bias: added };
}

/** The model's pooler. Checkpoints without one are fine until a head reads it: all that predict masked words are so. */
export function poolerOf({ shape: { width, pooler }, has, weight }: Base): Dense | undefined {
  if (!pooler || !has('pooler.weight') || !has('pooler.bias')) return undefined;
  return {
    weight: { shape: [width, width], values: weight('pooler.weight') },
    bias: { shape: [width], values: weight('pooler.bias') },
  };
}

/**
 * A head in the layout of transformers, by its names there; a reason where that has another number of layers or another
 * activation.
 */
export function writeStatic(head: Named, { shape }: Base): { readonly tensors: Named; readonly lost?: string } {
  const layout = headLayouts[shape.family];
  const dense = layout === undefined ? undefined : head[`head.${layout.activation}.weight`];
  if (shape.pooling !== 'first')
    return {
      tensors: {},
      lost: `it reads ${shape.pooling === 'mean' ? 'the mean of the tokens' : 'the last token'}, the library's the first token`,
    };
  if (layout === undefined || dense === undefined)
    return {
      tensors: {},
      lost: `${shape.family} models there have a ${layout?.activation ?? 'tanh'} layer before the last, this head has none`,
    };
  const bias = head[`head.${layout.activation}.bias`] as Values;
  return {
    tensors: {
      [`${layout.dense}.weight`]: transposed(dense),
      [`${layout.dense}.bias`]: bias,
      [`${layout.out}.weight`]: transposed(head['head.weight'] as Values),
      [`${layout.out}.bias`]: head['head.bias'] as Values,
    },
  };
}
