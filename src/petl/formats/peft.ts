import { UserError } from '../../errors';
import type { Method } from '../design/types';
import { layernorm, prompt as promptTuning } from '../design/methods';
import { pointsOf } from '../design/point';
import { cannot, text, type Base, type Own } from './base';
import { demandUsed, watched } from './fields';
import type { ForeignFolder } from './folder';
import { readAdaLora } from './peft-adalora';
import { withBiases } from './peft-biases';
import { readLora, type Found } from './peft-lora';
import type { Read, Source } from './peft-modules';
import { demandSaved, namesHead } from './peft-named';
import { readPrefix, readPrompt } from './peft-prompts';
import { readIa3, readNorms } from './peft-scales';
import { withSaved } from './peft-saved';
import { readTokens, withTokens } from './peft-tokens';
import { readVera } from './peft-vera';
import { readStatic, type HeadRead } from './heads';
import { assemble } from './pieces';
import { some, type Notes } from './report';
import type { Values } from './values';

/** About the file, or about how it was trained: no output depends on them. */
const harmless: readonly string[] = [
  'task_type',
  'auto_mapping',
  'peft_version',
  'base_model_name_or_path',
  'revision',
  'inference_mode',
  'runtime_config',
  'fan_in_fan_out', // PEFT itself sets it by the kind of module
  'lora_dropout',
  'vera_dropout',
  'loftq_config', // of starts that are refused by init_lora_weights
  'eva_config',
  'corda_config',
  'lora_ga_config',
  'qalora_group_size',
  'megatron_core',
  'ensure_weight_tying',
];

/** What PEFT itself passes over, by type. */
const passedOver: Readonly<Record<string, readonly string[]>> = {
  LORA: ['r', 'lora_alpha'], // where patterns give each module its own
  ADALORA: [
    ...['r', 'use_rslora', 'alpha_pattern', 'target_r', 'tinit', 'tfinal', 'deltaT', 'beta1', 'beta2'],
    ...['orth_reg_weight', 'total_step'],
  ],
  VERA: ['init_weights', 'projection_prng_key'],
  IA3: ['init_ia3_weights'],
  TRAINABLE_TOKENS: ['init_weights'],
  PREFIX_TUNING: ['encoder_hidden_size', 'prefix_projection', 'init_weights'],
  PROMPT_TUNING: [
    ...['num_layers', 'num_attention_heads'],
    ...['prompt_tuning_init', 'prompt_tuning_init_text', 'tokenizer_name_or_path', 'tokenizer_kwargs'],
  ],
  P_TUNING: [
    ...['num_layers', 'num_attention_heads'],
    ...['encoder_reparameterization_type', 'encoder_hidden_size', 'encoder_num_layers', 'encoder_dropout'],
  ],
};

/** A folder of PEFT's as a method and tensors here. @throws UserError for what cannot be expressed, with the reason */
export function readPeft({ config: given, tensors }: ForeignFolder, base: Base, notes: Notes): Own {
  const fields = watched(given);
  const type = text(fields.record, 'peft_type') ?? '';
  const { own, used } = readType(type, { config: fields.record, tensors, base, notes });
  demandSaved(fields.record, tensors, base);
  const { head, used: ofHead, lost } = readHead(own.method, { config: fields.record, tensors, base, notes });
  if (lost !== undefined) notes.loss(`the classification head stays behind: ${lost}`);
  if (Object.keys(head).length > 0 && !namesHead(fields.record, base))
    notes.note(
      'the head is read though modules_to_save does not name it: so does PEFT, on a model that has such a head',
    );
  demandUsed('PEFT', fields, [...harmless, ...(passedOver[type] ?? [])], notes);
  const left = Object.keys(tensors).filter((name) => !used.includes(name) && !ofHead.includes(name));
  if (left.length > 0) notes.gap(`the tensors ${some(left)} do not carry over: no method here has their like`);
  return { ...own, head };
}

/** LoRA and its kin keep the head below `base_model.model`, prompts and prefixes below `base_model`. */
function readHead({ prompt }: Method, { config, tensors, base }: Source): HeadRead {
  const virtual = tensors['prompt_embeddings'] !== undefined;
  const read = readStatic(tensors, base, (part) => `base_model.${virtual ? '' : 'model.'}${part}`);
  const lost = (why: string): HeadRead => ({ head: {}, used: read.used, lost: why });
  if (read.used.length > 0 && config['task_type'] === 'TOKEN_CLS')
    return lost('it labels each token, those here texts');
  return read.used.length > 0 && prompt.kind !== 'none' ? lost(onPrompt) : read;
}

export const onPrompt = "with a prompt PEFT's reads the first vector of the prompt, those here the first token";

function readType(type: string, source: Source): Read {
  const { config, tensors, base } = source;
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
    const read = withBiases({ own: { method: pointsOf(modifications), tensors: own }, used }, source);
    return withTokens(withSaved(read, source), source);
  };
  switch (type) {
    case 'LORA':
      return of(readLora(source));
    case 'ADALORA':
      return of(readAdaLora(source));
    case 'VERA':
      return of(readVera(source));
    case 'IA3':
      return of(readIa3(source));
    case 'LN_TUNING': {
      const { tensors: own, used } = readNorms(source);
      return { own: { method: layernorm(), tensors: own }, used };
    }
    case 'PREFIX_TUNING':
      return of({ pieces: readPrefix(config, prompt(), base), used: ['prompt_embeddings'] });
    case 'TRAINABLE_TOKENS':
      return readTokens(source);
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
        'this reads LORA, ADALORA, VERA, IA3, LN_TUNING, TRAINABLE_TOKENS, PREFIX_TUNING, PROMPT_TUNING and P_TUNING',
      );
  }
}
