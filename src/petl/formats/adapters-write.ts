import type { Family, ModelShape } from '../../model/shape';
import type { Change, Modification } from '../design/types';
import { writeAdaptersHead } from './adapters-head';
import { bottleneckConfig, bottleneckTensors, type Placed } from './adapters-bottleneck-write';
import { loraConfig, loraTensors } from './adapters-lora-write';
import { prefixConfig, prefixTensors } from './adapters-prefix-write';
import { byName, cannot, type Base, type Own } from './base';
import type { Config, ForeignFolder, Saved } from './folder';
import { demandExchanged, rootOf } from './modules';
import { takeApart, type Piece } from './pieces';
import { plainLora } from './plain';
import type { Notes } from './report';
import type { Named, Values } from './values';

const name = 'task';

/**
 * A method here as adapters' folder; several kinds of changes become a union. @param model the base model's name or
 * path for its record
 */
export function writeAdapters(
  { method, tensors, head, labels }: Own,
  base: Base,
  model: string,
  notes: Notes,
): ForeignFolder {
  demandExchanged('adapters', base.shape);
  if (method.passes.kind !== 'once') throw cannot(method.name, 'adapters has no second pass');
  if (method.prompt.kind !== 'none')
    throw cannot(method.name, "prompts of adapters enter after the embeddings' norm, those here before it");
  if (method.unfrozen.length > 0)
    notes.gap(`weights of the model's own that train with ${method.name} stay behind: adapters stores none`);
  const own = takeApart(method, tensors, base.shape);
  const low = own.map(plainLora);
  const pieces = low.map((piece) => atFfn(piece, base.shape));
  if (low.some((piece, i) => piece !== own[i]))
    notes.note('AdaLoRA, VeRA and PiSSA are written as plain LoRA that computes the same');
  if (pieces.length === 0) throw cannot(method.name, 'it adds nothing to the model');
  const groups = grouped(pieces);
  const made = groups.map((group) => writeGroup(group, base));
  const configs = made.map(({ config }) => config);
  const config = configs.length === 1 ? configs[0] : { architecture: 'union', configs };
  if (pieces.some(({ change }) => change.composition.kind === 'inputGate'))
    notes.note('gates average over real tokens; adapters averages over padding too, so padded rows differ');
  const all = byName([
    ...made.flatMap((one) => Object.entries(one.tensors)),
    ...Object.entries(ruleOf(tensors, base.shape)),
  ]);
  const about = {
    name,
    model_name: model,
    model_type: base.shape.family,
    hidden_size: base.shape.width,
    version: 'adapters.1.3.0',
  };
  return {
    library: 'adapters',
    tensors: all,
    config: { config, ...about, model_class: classOf(base.shape) },
    head: headOf({ head, ...(labels && { labels }) }, base, { about, notes }),
  };
}

/**
 * An adapter after a whole block is one of its FFN that reads the sum with the residual, where nothing else stands
 * between the two: x + A(x), x = h + residual.
 */
function atFfn(piece: Piece, { norm, parallel }: ModelShape): Piece {
  const same = piece.site === 'block' && piece.reads === 'h' && piece.change.form.kind === 'bottleneck';
  if (!same || norm.place !== 'pre' || norm.output || parallel) return piece;
  return { ...piece, site: 'ffn', reads: 'h+residual' };
}

/** A flexible head, which their AdapterModel classes have. */
function headOf(
  own: Pick<Own, 'head' | 'labels'>,
  base: Base,
  { about, notes }: { readonly about: Config; readonly notes: Notes },
): Saved | undefined {
  if (Object.keys(own.head).length === 0) return undefined;
  const { config, tensors, lost } = writeAdaptersHead(own, base, name);
  if (lost !== undefined) {
    notes.loss(`the classification head stays behind: ${lost}`);
    return undefined;
  }
  return {
    config: { config, ...about, model_class: `${classOf(base.shape).replace(/Model$/, '')}AdapterModel` },
    tensors,
  };
}

/**
 * Pieces that one configuration of adapters describes: bottlenecks of one kind, all low-rank changes, all factors, all
 * prefixes.
 */
function grouped(pieces: readonly Piece[]): readonly (readonly Piece[])[] {
  const groups = new Map<string, Piece[]>();
  for (const piece of pieces) {
    const kind = kindOf(piece);
    const key = kind === 'bottleneck' ? JSON.stringify([piece.reads, piece.change]) : kind;
    groups.set(key, [...(groups.get(key) ?? []), piece]);
  }
  return [...groups.values()];
}

function kindOf({
  change: { form, composition },
  site,
}: Pick<Modification, 'site'> & { readonly change: Change }): 'bottleneck' | 'lora' | 'ia3' | 'prefix' {
  if (form.kind === 'prefix') return 'prefix';
  if (form.kind === 'diagonal') return 'ia3';
  if (form.kind === 'lookup')
    throw cannot('task embeddings (segments)', 'adapters adds no vectors by segment to the embeddings');
  if (composition.kind === 'renormalise')
    throw cannot('DoRA', 'adapters scales the bias with the weight and leaves alpha / r out of the norm');
  return site === 'attn' || site === 'cross' || site === 'ffn' ? 'bottleneck' : 'lora';
}

function writeGroup(pieces: readonly Piece[], base: Base): { readonly config: Config; readonly tensors: Named } {
  const placed: Placed = { pieces, base, name };
  switch (kindOf(pieces[0] as Piece)) {
    case 'bottleneck':
      return { config: bottleneckConfig(placed), tensors: bottleneckTensors(placed) };
    case 'lora':
    case 'ia3':
      return { config: loraConfig(placed), tensors: loraTensors(placed) };
    case 'prefix':
      return { config: prefixConfig(placed), tensors: prefixTensors(placed) };
  }
}

function ruleOf(tensors: Named, shape: ModelShape): Named {
  const rule = Object.entries(tensors).find(([key]) => key.startsWith('phm.rule.'))?.[1];
  if (rule === undefined) return {};
  if (rootOf(shape) === '')
    throw cannot(
      'Compacter on this model',
      'adapters neither stores nor reads its shared rule for models without a name prefix (BertModel, T5)',
    );
  return { [`${rootOf(shape)}shared_parameters.${name}.phm_rule`]: rule satisfies Values };
}

function classOf({ family }: ModelShape): string {
  const known: Readonly<Partial<Record<Family, string>>> = {
    bert: 'BertModel',
    roberta: 'RobertaModel',
    distilbert: 'DistilBertModel',
    gpt2: 'GPT2LMHeadModel',
    llama: 'LlamaForCausalLM',
    bart: 'BartForConditionalGeneration',
    mbart: 'MBartForConditionalGeneration',
    t5: 'T5ForConditionalGeneration',
  };
  const found = known[family];
  if (found === undefined)
    throw cannot(`an adapter of a ${family} model`, `adapters is written for ${Object.keys(known).join(', ')}`);
  return found;
}
