import type { Family } from '../../shape';
import { bart, mbart } from './bart';
import { bert, distilbert, roberta } from './bert';
import { gpt2 } from './gpt2';
import { llama } from './llama';
import { t5 } from './t5';
import type { FamilyTable } from './table';

export const familyTables: Readonly<Record<Family, FamilyTable>> = {
  bert,
  roberta,
  distilbert,
  gpt2,
  llama,
  bart,
  mbart,
  t5,
};

/** By a config's `model_type`. */
export const byModelType: Readonly<Record<string, FamilyTable>> = { ...familyTables, 'xlm-roberta': roberta };
