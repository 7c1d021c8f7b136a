import { UserError } from '../../errors';
import type { ModelShape } from '../../model/shape';
import type { Method, Modification } from '../design/types';
import { layernorm, prompt as promptTuning } from '../design/methods';
import { pointsOf } from '../design/point';
import { cannot, text, type Base, type Own } from './base';
import type { Config, ForeignFolder } from './folder';
import { readAdaLora, writeAdaLora } from './peft-adalora';
import { readLora, type Found } from './peft-lora';
import { writeLora, type Made } from './peft-lora-write';
import { readPrefix, readPrompt, writePrefix, writePrompt } from './peft-prompts';
import { readIa3, readNorms, writeIa3, writeNorms } from './peft-scales';
import { readVera, writeVera } from './peft-vera';
import { headLayouts, readStatic, writeStatic, type HeadRead } from './heads';
import { assemble, takeApart } from './pieces';
import { some, type Notes } from './report';
import type { Named, Values } from './values';

/** Settings that change what an adapter computes and that nothing here expresses. */
const foreign: readonly string[] = [
  'use_qalora',
  'use_bdlora',
  'alora_invocation_tokens',
  'layer_replication',
  'lora_bias',
  'arrow_config',
  'kasa_config',
  'velora_config',
  'monteclora_config',
  'target_parameters',
];

/** Settings that say how it was trained, found or stored: the tensors speak for them. */
const silent: readonly string[] = [
  'peft_type',
  'task_type',
  'auto_mapping',
  'peft_version',
  'base_model_name_or_path',
  'revision',
  'inference_mode',
  'target_modules',
  'exclude_modules',
  'feedforward_modules',
  'r',
  'lora_alpha',
  'lora_dropout',
  'bias',
  'fan_in_fan_out',
  'use_rslora',
  'use_dora',
  'init_lora_weights',
  'layers_to_transform',
  'layers_pattern',
  'rank_pattern',
  'alpha_pattern',
  'modules_to_save',
  'trainable_token_indices',
  'loftq_config',
  'eva_config',
  'corda_config',
  'lora_ga_config',
  'qalora_group_size',
  'megatron_config',
  'megatron_core',
  'ensure_weight_tying',
  'init_ia3_weights',
  'num_virtual_tokens',
  'token_dim',
  'num_transformer_submodules',
  'num_attention_heads',
  'num_layers',
  'encoder_hidden_size',
  'prefix_projection',
  'init_weights',
  'prompt_tuning_init',
  'prompt_tuning_init_text',
  'tokenizer_name_or_path',
  'tokenizer_kwargs',
  'target_r',
  'init_r',
  'tinit',
  'tfinal',
  'deltaT',
  'beta1',
  'beta2',
  'orth_reg_weight',
  'total_step',
  'projection_prng_key',
  'save_projection',
  'vera_dropout',
  'd_initial',
];

/** A folder of PEFT's as a method and tensors here. @throws UserError for what cannot be expressed, with the reason */
export function readPeft({ config, tensors }: ForeignFolder, base: Base, notes: Notes): Own {
  const changed = foreign.find((key) => config[key] !== undefined && config[key] !== null && config[key] !== false);
  if (changed !== undefined) throw cannot(`PEFT's ${changed}`, 'no method here computes it');
  const unknown = Object.keys(config).filter((key) => !silent.includes(key) && !foreign.includes(key));
  if (unknown.length > 0) notes.note(`settings not known here: ${some(unknown)}`);
  const { own, used } = readType(text(config, 'peft_type') ?? '', { config, tensors, base });
  const { head, used: ofHead, lost } = readHead(own.method, tensors, base);
  if (lost !== undefined) notes.loss(`the classification head stays behind: ${lost}`);
  const left = Object.keys(tensors).filter((name) => !used.includes(name) && !ofHead.includes(name));
  if (left.length > 0) notes.loss(`tensors left behind: ${some(left)}`);
  return { ...own, head };
}

/** LoRA and its kin keep the head below `base_model.model`, prompts and prefixes below `base_model`. */
function readHead({ prompt }: Method, tensors: Named, base: Base): HeadRead {
  const virtual = tensors['prompt_embeddings'] !== undefined;
  const read = readStatic(tensors, base, (part) => `base_model.${virtual ? '' : 'model.'}${part}`);
  return read.used.length > 0 && prompt.kind !== 'none' ? { head: {}, used: read.used, lost: onPrompt } : read;
}

const onPrompt = "with a prompt PEFT's reads the first vector of the prompt, those here the first token";

interface Read {
  readonly own: Omit<Own, 'head'>;
  readonly used: readonly string[];
}

function readType(
  type: string,
  { config, tensors, base }: { readonly config: Config; readonly tensors: Named; readonly base: Base },
): Read {
  const prompt = (): Values => {
    const values = tensors['prompt_embeddings'];
    if (values === undefined) throw new UserError('the adapter has no prompt_embeddings: copy the whole folder');
    return values;
  };
  const of = ({ pieces, used }: Found): Read => {
    if (pieces.length === 0)
      throw new UserError(
        `the adapter's tensors hold nothing of ${type}: the file and its adapter_config.json belong to different adapters`,
      );
    const { modifications, tensors: own } = assemble(pieces, base.shape);
    return { own: { method: pointsOf(modifications), tensors: own }, used };
  };
  switch (type) {
    case 'LORA':
      return of(readLora(config, tensors, base));
    case 'ADALORA':
      return of(readAdaLora(config, tensors, base));
    case 'VERA':
      return of(readVera(config, tensors, base));
    case 'IA3':
      return of(readIa3(tensors, base));
    case 'LN_TUNING': {
      const { tensors: own, used } = readNorms(tensors, base);
      return { own: { method: layernorm(), tensors: own }, used };
    }
    case 'PREFIX_TUNING':
      return of({ pieces: readPrefix(config, prompt(), base), used: ['prompt_embeddings'] });
    case 'PROMPT_TUNING':
    case 'P_TUNING': {
      const { values, positions } = readPrompt(config, prompt(), base);
      return {
        own: { method: promptTuning({ l: values.shape[0] as number, positions }), tensors: { prompt: values } },
        used: ['prompt_embeddings'],
      };
    }
    default:
      throw cannot(
        `PEFT's ${type}`,
        'this reads LORA, ADALORA, VERA, IA3, LN_TUNING, PREFIX_TUNING, PROMPT_TUNING and P_TUNING',
      );
  }
}

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
  if (kinds.length !== 1)
    throw cannot(own.name, `a folder of PEFT holds one method, this has ${kinds.join(', ') || 'none'}`);
  const pieces = takeApart(own, tensors, base.shape);
  switch (kinds[0]) {
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
      throw cannot(own.name, `PEFT has no ${kinds[0] ?? 'such'} methods`);
  }
}

function kindOf({ form, reads, site }: Modification): string {
  if (form.kind !== 'bottleneck') return form.kind;
  if (reads !== 'x' || form.activation !== 'identity' || !/\.(query|key|value|up|down)$/.test(site))
    return 'bottleneck';
  return form.factors.kind === 'triplet' || form.factors.kind === 'frozenRandom' ? form.factors.kind : 'low-rank';
}
