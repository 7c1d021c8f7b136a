import type { ModelShape } from '../../model/shape';
import { isProjection } from '../design/reads';
import type { Method, Modification } from '../design/types';
import { cannot, type Base, type Own } from './base';
import type { ForeignFolder } from './folder';
import { headLayouts, writeStatic } from './heads';
import { onPrompt } from './peft';
import { writeAdaLora } from './peft-adalora';
import { writeBiases } from './peft-biases';
import { writeLora, type Made } from './peft-lora-write';
import { writePrefix, writePrompt } from './peft-prompts';
import { writeSaved } from './peft-saved';
import { writeIa3, writeNorms } from './peft-scales';
import { writeTokens } from './peft-tokens';
import { writeVera } from './peft-vera';
import { takeApart, type Piece } from './pieces';
import { some, type Notes } from './report';
import type { Named, Values } from './values';

/** A method here as PEFT's folder. @param model the base model's name or path for its record */
export function writePeft(
  { method: own, tensors, head, labels }: Own,
  base: Base,
  model: string,
  notes: Notes,
): ForeignFolder {
  const { config, tensors: made } = written(own, tensors, base);
  if (Object.keys(tensors).some((name) => name.endsWith('.start')))
    notes.note('PiSSA is written as LoRA of twice its rank, its start beside it with the opposite sign');
  const ofHead = writeHead(own, head, base);
  if (ofHead.lost !== undefined) notes.loss(`the classification head stays behind: ${ofHead.lost}`);
  const classifies = Object.keys(ofHead.tensors).length > 0;
  if (classifies && labels !== undefined)
    notes.loss(`names of labels stay behind, PEFT keeps none: set id2label of the model there to ${some(labels)}`);
  const task = classifies ? 'SEQ_CLS' : 'num_virtual_tokens' in config ? taskOf(base.shape) : null;
  const saved = classifies ? (headLayouts[base.shape.family]?.modules ?? null) : null;
  const record = {
    ...config,
    task_type: task,
    inference_mode: true,
    modules_to_save: saved === null ? (config['modules_to_save'] ?? null) : [...saved, ...namesIn(config)],
    base_model_name_or_path: model,
  };
  return {
    library: 'peft',
    config: record,
    tensors: classifies ? { ...below(made, base.shape), ...ofHead.tensors } : made,
    head: undefined,
  };
}

const namesIn = ({ modules_to_save: saved }: Made['config']): readonly string[] =>
  Array.isArray(saved) ? (saved as readonly string[]) : [];

function taskOf({ encoderLayers, decoderLayers }: ModelShape): string {
  if (decoderLayers === 0) return 'FEATURE_EXTRACTION';
  return encoderLayers === 0 ? 'CAUSAL_LM' : 'SEQ_2_SEQ_LM';
}

function writeHead(
  { prompt, modifications }: Method,
  head: Named,
  base: Base,
): { readonly tensors: Named; readonly lost?: string } {
  if (Object.keys(head).length === 0) return { tensors: {} };
  if (prompt.kind !== 'none') return { tensors: {}, lost: onPrompt };
  const { tensors, lost } = writeStatic(head, base);
  const root = modifications.some(({ form }) => form.kind === 'prefix') ? 'base_model' : 'base_model.model';
  return {
    tensors: Object.fromEntries(Object.entries(tensors).map(([name, values]) => [`${root}.${name}`, values])),
    ...(lost !== undefined && { lost }),
  };
}

/** In a classifier the encoder's modules stand below its family's name. */
function below(tensors: Named, { family }: ModelShape): Named {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, values]) => [
      name.replace(/^base_model\.model\./, `base_model.model.${family}.`),
      values,
    ]),
  );
}

/** What PEFT trains of the model's own beside a method, and beside which. */
const beside: Readonly<Record<string, readonly string[]>> = {
  biases: ['low-rank', 'triplet', 'frozenRandom'],
  layerNorms: ['low-rank', 'triplet', 'frozenRandom', 'diagonal'],
  tokenRows: ['low-rank'],
  tokens: ['low-rank'],
};
const isRows = (kind: string): boolean => kind === 'tokenRows' || kind === 'tokens';

function written(own: Method, tensors: Named, base: Base): Made {
  const { modifications, unfrozen, prompt, passes } = own;
  if (passes.kind !== 'once') throw cannot(own.name, 'PEFT has no second pass');
  if (prompt.kind === 'written') throw cannot(own.name, 'PEFT has no prompt that is written from the input');
  const changes = [...new Set(modifications.map(kindOf)), ...(prompt.kind === 'none' ? [] : ['prompt'])];
  const kinds = [...changes, ...unfrozen.map(({ kind }) => kind)];
  const pieces = takeApart(own, tensors, base.shape);
  const alone = changes.length === 0 && (unfrozen.length === 1 || unfrozen.every(({ kind }) => isRows(kind)));
  if (alone && kinds.length > 0) return writtenOne(kinds[0] as string, { own, tensors, pieces, base });
  const [main, another] = changes;
  if (main === undefined || another !== undefined)
    throw cannot(own.name, `a folder of PEFT holds one method, this has ${kinds.join(', ') || 'none'}`);
  const made = writtenOne(main, { own, tensors, pieces, base });
  return unfrozen.length === 0 ? made : withOwn(made, { main, own, tensors, base });
}

/** The model's own weights that train with a method. */
function withOwn(made: Made, { main, own, tensors, base }: Omit<Writing, 'pieces'> & { readonly main: string }): Made {
  const kinds = own.unfrozen.map(({ kind }) => kind);
  const strange = kinds.find((kind) => !(beside[kind] ?? []).includes(main));
  if (strange !== undefined)
    throw cannot(own.name, `PEFT trains ${strange} beside ${(beside[strange] ?? ['nothing']).join(', ')}, not ${main}`);
  if (kinds.includes('biases') && kinds.includes('layerNorms'))
    throw cannot(own.name, 'PEFT would save the biases of norms twice');
  const biased = kinds.includes('biases') ? writeBiases(made, tensors, base) : made;
  const normed = kinds.includes('layerNorms') ? writeSaved(biased, tensors, base) : biased;
  return kinds.some(isRows) ? writeTokens(own, tensors, base, normed) : normed;
}

interface Writing {
  readonly own: Method;
  readonly tensors: Named;
  readonly pieces: readonly Piece[];
  readonly base: Base;
}

function writtenOne(kind: string, { own, tensors, pieces, base }: Writing): Made {
  switch (kind) {
    case 'low-rank':
      return writeLora(pieces, base);
    case 'triplet':
      return writeAdaLora(pieces, base);
    case 'frozenRandom':
      return writeVera(pieces, base);
    case 'diagonal':
      return writeIa3(pieces, base);
    case 'prefix':
      return writePrefix(pieces, base);
    case 'layerNorms':
      return writeNorms(tensors, base);
    case 'tokens':
    case 'tokenRows':
      return writeTokens(own, tensors, base);
    case 'prompt':
      return writePrompt(tensors['prompt'] as Values, own, base);
    default:
      throw cannot(own.name, `PEFT has no ${kind} methods`);
  }
}

function kindOf({ form, reads, site }: Modification): string {
  if (form.kind !== 'bottleneck') return form.kind;
  if (reads !== 'x' || form.activation !== 'identity' || !isProjection(site)) return 'bottleneck';
  return form.factors.kind === 'triplet' || form.factors.kind === 'frozenRandom' ? form.factors.kind : 'low-rank';
}
