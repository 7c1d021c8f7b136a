import { UserError } from '../../errors';
import { demandModel } from './adapters-model';
import { flag, type Base, type Own } from './base';
import { demandUsed, watched } from './fields';
import type { Config, Saved } from './folder';
import { poolerOf, readStatic, type Dense, type HeadRead } from './heads';
import { some, type Notes } from './report';
import { filled, transposed, type Named, type Values } from './values';

const file = 'head_config.json';
/** About the head: no output depends on them. Names of labels are read beside them. */
const harmless: readonly string[] = ['model_name', 'model_class', 'name', 'version', 'label2id', 'config'];
const harmlessOfFlexible: readonly string[] = ['label2id', 'dropout_prob'];

/** The head files of adapters: one of its flexible heads, or one of transformers' models. */
export function readAdaptersHead({ config, tensors }: Saved, base: Base, notes: Notes): HeadRead {
  const about = watched(config);
  demandModel(about.record, base, file);
  const flexible = typeof config['config'] === 'object' && config['config'] !== null;
  const own = watched(flexible ? (config['config'] as Config) : {});
  const read = flexible
    ? readFlexible(own.record, { name: String(config['name']), tensors }, { base, notes })
    : readStatic(tensors, base, (part) => part);
  const classes = read.head['head.weight']?.shape[1];
  if (classes === undefined) return read; // of a head that stays behind no field can change an output
  demandClasses(flexible ? own.record : about.record, classes);
  demandAll(tensors, read);
  demandUsed(file, about, harmless, notes);
  demandUsed(file, own, harmlessOfFlexible, notes);
  const labels = labelsIn(flexible ? own.record : about.record, classes, notes);
  return { ...read, ...(labels && { labels }) };
}

/** Names of the classes in their order; none where they are those that adapters gives to classes without names. */
function labelsIn({ label2id: given }: Config, classes: number, notes: Notes): readonly string[] | undefined {
  if (given === undefined || given === null) return undefined;
  const ids = new Map(Object.entries(given).map(([label, id]) => [id as unknown, label]));
  const labels = Array.from({ length: classes }, (_, i) => ids.get(i));
  const whole = labels.filter((label) => label !== undefined);
  if (whole.length < classes || Object.keys(given).length > classes)
    notes.loss(`names of labels stay behind: label2id does not name each of the ${classes} classes once`);
  else if (whole.some((label, i) => label !== unnamed(i))) return whole;
  return undefined;
}

const unnamed = (i: number): string => `LABEL_${i}`;

const unlike = (what: string): UserError => new UserError(`${file} ${what}: the two belong to different heads`);

function demandClasses({ num_labels: said }: Config, classes: number): void {
  if ((said ?? classes) === classes) return;
  throw unlike(`says num_labels = ${JSON.stringify(said)}, its tensors have ${classes} classes`);
}

function demandAll(tensors: Named, { used }: HeadRead): void {
  const left = Object.keys(tensors).filter((name) => !used.includes(name));
  if (left.length > 0) throw unlike(`does not speak of ${some(left)} in model_head.safetensors`);
}

interface Reading {
  readonly base: Base;
  readonly notes: Notes;
}

function readFlexible(
  own: Config,
  { name, tensors }: { readonly name: string; readonly tensors: Named },
  { base, notes }: Reading,
): HeadRead {
  const lost = (why: string): HeadRead => ({ head: {}, used: Object.keys(tensors), lost: why });
  const { head_type: type, layers, activation_function: activation } = own;
  if (type !== 'classification') return lost(`a ${String(type)} head is none of classes`);
  if (base.shape.decoderLayers > 0) return lost(`classifiers here read encoders, not ${base.shape.family} models`);
  if (base.shape.pooling !== 'first')
    return lost(`it reads the first token, this model is opened with ${base.shape.pooling} pooling`);
  const places = placesOf(tensors, name);
  if (places.length === 0) return lost('its tensors are missing');
  if (places.length !== layers)
    throw unlike(`says layers = ${JSON.stringify(layers ?? null)}, its tensors have ${places.length}`);
  const pooled = flag(own, 'use_pooler', false, file);
  const known = (['tanh', 'relu'] as const).find((word) => word === activation);
  if (layers > 2 || (layers === 2 && (pooled || known === undefined)))
    return lost(
      `it has ${layers} layers with ${String(activation)}${pooled ? ' behind the pooler' : ''}; heads here have one, or two with tanh or relu`,
    );
  const dense = places.map((place, i) => denseAt(tensors, place, i < layers - 1 || flag(own, 'bias', true, file)));
  const pooler = pooled ? poolerOf(base) : undefined;
  if (pooled && pooler === undefined) return lost('it stands behind the pooler, which this model has not');
  const used = [...places.flatMap((place) => [`${place}.weight`, `${place}.bias`]), ...besides(tensors, name, notes)];
  const [last, before = pooler] = [...dense].reverse();
  const hidden = before === undefined ? {} : named(`head.${pooled ? 'tanh' : String(known)}`, before);
  return { used, head: { ...named('head', last as Dense), ...hidden } };
}

/** The head's linear layers in their order; what stands between them has no tensors, and their numbers count it. */
function placesOf(tensors: Named, name: string): readonly string[] {
  const prefix = `heads.${name}.`;
  const numbers = Object.keys(tensors).flatMap((key) => {
    const number = key.startsWith(prefix) ? /^(\d+)\.weight$/.exec(key.slice(prefix.length))?.[1] : undefined;
    return number === undefined ? [] : [Number(number)];
  });
  return numbers.sort((a, b) => a - b).map((number) => `${prefix}${number}`);
}

/** adapters saves every head whose name begins so, and opens the one of the name. */
function besides(tensors: Named, name: string, notes: Notes): readonly string[] {
  const others = Object.keys(tensors).filter(
    (key) => key.startsWith(`heads.${name}`) && !key.startsWith(`heads.${name}.`),
  );
  if (others.length > 0)
    notes.note(`not read, here or by adapters, since ${file} does not name their head: ${some(others)}`);
  return others;
}

function denseAt(tensors: Named, place: string, biased: boolean): Dense {
  const [weight, bias] = [tensors[`${place}.weight`] as Values, tensors[`${place}.bias`]];
  if (biased !== (bias !== undefined))
    throw unlike(`gives ${place} ${biased ? 'a' : 'no'} bias, its tensors ${biased ? 'have none' : 'have one'}`);
  return { weight: transposed(weight), bias: bias ?? filled([weight.shape[0] as number], 0) };
}

const named = (name: string, { weight, bias }: Dense): Named => ({
  [`${name}.weight`]: weight,
  [`${name}.bias`]: bias,
});

/** A head as adapters' flexible one: one layer, or two. */
export function writeAdaptersHead(
  { head, labels }: Pick<Own, 'head' | 'labels'>,
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
  const names = Array.from({ length: classes }, (_, i) => [labels?.[i] ?? unnamed(i), i] as const);
  const config = {
    head_type: 'classification',
    num_labels: classes,
    layers: activation === undefined ? 1 : 2,
    activation_function: activation ?? 'tanh',
    label2id: Object.fromEntries(names),
    use_pooler: false,
    bias: true,
    dropout_prob: null,
  };
  return {
    config,
    tensors: activation === undefined ? layer(1, 'head') : { ...layer(1, `head.${activation}`), ...layer(4, 'head') },
  };
}
