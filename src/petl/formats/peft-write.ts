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
import { writeIa3, writeNorms } from './peft-scales';
import { writeVera } from './peft-vera';
import { takeApart, type Piece } from './pieces';
import type { Notes } from './report';
import type { Named, Values } from './values';

/** A method here as PEFT's folder. @param model the base model's name or path for its record */
export function writePeft({ method: own, tensors, head }: Own, base: Base, model: string, notes: Notes): ForeignFolder {
  const { config, tensors: made } = written(own, tensors, base);
  if (Object.keys(tensors).some((name) => name.endsWith('.start')))
    notes.note('PiSSA is written as LoRA of twice its rank, its start beside it with the opposite sign');
  const ofHead = writeHead(own, head, base);
  if (ofHead.lost !== undefined) notes.loss(`the classification head stays behind: ${ofHead.lost}`);
  const classifies = Object.keys(ofHead.tensors).length > 0;
  const task = classifies ? 'SEQ_CLS' : 'num_virtual_tokens' in config ? taskOf(base.shape) : null;
  const saved = classifies ? (headLayouts[base.shape.family]?.modules ?? null) : null;
  const record = {
    ...config,
    task_type: task,
    inference_mode: true,
    modules_to_save: saved,
    base_model_name_or_path: model,
  };
  return {
    library: 'peft',
    config: record,
    tensors: classifies ? { ...below(made, base.shape), ...ofHead.tensors } : made,
    head: undefined,
  };
}

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

function written(own: Method, tensors: Named, base: Base): Made {
  const { modifications, unfrozen, prompt } = own;
  const kinds = [
    ...new Set(modifications.map(kindOf)),
    ...unfrozen.map(({ kind }) => kind),
    ...(prompt.kind === 'none' ? [] : ['prompt']),
  ];
  const pieces = takeApart(own, tensors, base.shape);
  const others = kinds.filter((kind) => kind !== 'biases');
  if (others.length !== 1)
    throw cannot(own.name, `a folder of PEFT holds one method, this has ${kinds.join(', ') || 'none'}`);
  if (others.length === kinds.length) return writtenOne(others[0] as string, { own, tensors, pieces, base });
  if (!['low-rank', 'triplet', 'frozenRandom'].includes(others[0] as string))
    throw cannot(own.name, 'PEFT trains the biases beside LoRA, AdaLoRA and VeRA alone');
  return writeBiases(writtenOne(others[0] as string, { own, tensors, pieces, base }), tensors, base);
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
