import type { Family } from '../../model/shape';
import type { Base } from './base';
import type { Config } from './folder';
import { filled, transposed, type Named, type Values } from './values';

/**
 * A classification head here (`head.weight` `[d, classes]`, `head.bias`, and `head.tanh.*` or `head.relu.*` of a layer
 * before it), or why there is none.
 */
export interface HeadRead {
  readonly head: Named;
  readonly used: readonly string[];
  readonly lost?: string;
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
    return lost(`the layer before it is not in the file: add ${layout.dense} to modules_to_save`);
  return {
    used: names,
    head: {
      'head.weight': transposed(weight),
      'head.bias': bias,
      [`head.${layout.activation}.weight`]: dense.weight,
      [`head.${layout.activation}.bias`]: dense.bias,
    },
  };
}

interface Dense {
  readonly weight: Values;
  readonly bias: Values;
}

/** From the file, or the model's own pooler. */
function denseOf(weight: Values | undefined, bias: Values | undefined, base: Base): Dense | undefined {
  const { width, pooler } = base.shape;
  if (!pooler && (weight === undefined || bias === undefined)) return undefined;
  return {
    weight: weight === undefined ? { shape: [width, width], values: base.weight('pooler.weight') } : transposed(weight),
    bias: bias ?? { shape: [width], values: base.weight('pooler.bias') },
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

/** The head files of adapters: one of its flexible heads, or one of transformers' models. */
export function readAdaptersHead(
  { config, tensors }: { readonly config: Config; readonly tensors: Named },
  base: Base,
): HeadRead {
  const own = config['config'];
  if (typeof own !== 'object' || own === null) return readStatic(tensors, base, (part) => part);
  const { head_type: type, layers, activation_function: activation, use_pooler: pooled } = own as Config;
  const lost = (why: string): HeadRead => ({ head: {}, used: Object.keys(tensors), lost: why });
  if (type !== 'classification') return lost(`a ${String(type)} head is none of classes`);
  if (base.shape.decoderLayers > 0) return lost(`classifiers here read encoders, not ${base.shape.family} models`);
  if (base.shape.pooling !== 'first')
    return lost(`it reads the first token, this model is opened with ${base.shape.pooling} pooling`);
  const at = (layer: number): Dense | undefined => flexibleLayer(tensors, `heads.${String(config['name'])}.${layer}`);
  const [first, second] = [at(1), at(4)];
  if (first === undefined) return lost('its tensors are missing');
  if (layers === 1)
    return { used: Object.keys(tensors), head: { ...named('head', first), ...(pooled === true ? pooler(base) : {}) } };
  const known = (['tanh', 'relu'] as const).find((name) => name === activation);
  if (layers !== 2 || pooled === true || known === undefined || second === undefined)
    return lost(
      `it has ${String(layers)} layers with ${String(activation)}${pooled === true ? ' behind the pooler' : ''}; heads here have one, or two with tanh or relu`,
    );
  return { used: Object.keys(tensors), head: { ...named('head', second), ...named(`head.${known}`, first) } };
}

function pooler(base: Base): Named {
  const dense = denseOf(undefined, undefined, base);
  return dense === undefined ? {} : named('head.tanh', dense);
}

const named = (name: string, { weight, bias }: Dense): Named => ({
  [`${name}.weight`]: weight,
  [`${name}.bias`]: bias,
});

function flexibleLayer(tensors: Named, name: string): Dense | undefined {
  const weight = tensors[`${name}.weight`];
  return weight === undefined
    ? undefined
    : { weight: transposed(weight), bias: tensors[`${name}.bias`] ?? filled([weight.shape[0] as number], 0) };
}

/** A head as adapters' flexible one: one layer, or two. */
export function writeAdaptersHead(
  head: Named,
  { shape }: Base,
  name: string,
): { readonly config: Config; readonly tensors: Named; readonly lost?: string } {
  if (shape.pooling !== 'first')
    return {
      config: {},
      tensors: {},
      lost: `it reads ${shape.pooling === 'mean' ? 'the mean of the tokens' : 'the last token'}, adapters' the first token`,
    };
  const activation = (['tanh', 'relu'] as const).find((word) => head[`head.${word}.weight`] !== undefined);
  const classes = (head['head.bias'] as Values).values.length;
  const layer = (index: number, part: string): Named => ({
    [`heads.${name}.${index}.weight`]: transposed(head[`${part}.weight`] as Values),
    [`heads.${name}.${index}.bias`]: head[`${part}.bias`] as Values,
  });
  const labels = Object.fromEntries(Array.from({ length: classes }, (_, i) => [`LABEL_${i}`, i]));
  const config = {
    head_type: 'classification',
    num_labels: classes,
    layers: activation === undefined ? 1 : 2,
    activation_function: activation ?? 'tanh',
    label2id: labels,
    use_pooler: false,
    bias: true,
    dropout_prob: null,
  };
  return {
    config,
    tensors: activation === undefined ? layer(1, 'head') : { ...layer(1, `head.${activation}`), ...layer(4, 'head') },
  };
}
