import type { Family } from '../../shape';
import { bart, marian, mbart, pegasus } from './bart';
import { bert, distilbert, roberta } from './bert';
import { albert, electra, modernbert, mpnet } from './encoders';
import { gemma, gemma2, gemma3 } from './gemma';
import { gpt2 } from './gpt2';
import { llama, mistral, phi3, qwen2, qwen3, smollm3 } from './llama';
import { neox, opt } from './neox';
import { mt5, t5 } from './t5';
import type { FamilyTable } from './table';

export const familyTables: Readonly<Record<Family, FamilyTable>> = {
  bert,
  roberta,
  distilbert,
  electra,
  albert,
  mpnet,
  modernbert,
  gpt2,
  gpt_neox: neox,
  opt,
  llama,
  mistral,
  qwen2,
  qwen3,
  smollm3,
  phi3,
  gemma,
  gemma2,
  gemma3_text: gemma3,
  bart,
  mbart,
  marian,
  pegasus,
  t5,
  mt5,
};

/** By a config's `model_type`. */
export const byModelType: Readonly<Record<string, FamilyTable>> = { ...familyTables, 'xlm-roberta': roberta };
