import { UserError } from '../../errors';
import type { Tier } from '../store/spec';
import { baseGate } from './base-gate';
import { blockStudies } from './block-studies';
import { budgetSplit } from './budget-split';
import { budgetSweep } from './budget-sweep';
import { compositionAndScale } from './composition-and-scale';
import { cost } from './cost';
import { designSpace } from './design-space';
import { easyTasks } from './easy-tasks';
import { existingMethods } from './existing-methods';
import { headsAndGates } from './heads-and-gates';
import { insertionForm } from './insertion-form';
import { mixAndMatch } from './mix-and-match';
import { modifiedRepresentation } from './modified-representation';
import { precision } from './precision';
import { prefixTraining } from './prefix-training';
import { originalStudies } from './originals';
import type { Study } from './study';

/**
 * Every study by name, in the order of the catalogue; a study is made for a tier. The last four are whole blocks of the
 * compute plan.
 */
export const studies: Readonly<Record<string, (tier: Tier) => Study>> = {
  'existing-methods': existingMethods,
  'easy-tasks': easyTasks,
  'budget-sweep': budgetSweep,
  'insertion-form': insertionForm,
  'modified-representation': modifiedRepresentation,
  'heads-and-gates': headsAndGates,
  'composition-and-scale': compositionAndScale,
  'prefix-training': prefixTraining,
  'mix-and-match': mixAndMatch,
  'budget-split': budgetSplit,
  cost,
  precision,
  'base-gate': baseGate,
  'design-space': designSpace,
  ...blockStudies,
  ...originalStudies,
};

/** The study called `name`; an unknown name is a UserError that lists the known ones. */
export function studyNamed(name: string, tier: Tier): Study {
  const make = Object.hasOwn(studies, name) ? studies[name] : undefined;
  if (make) return make(tier);
  throw new UserError(`unknown study "${name}": choose from ${Object.keys(studies).join(', ')}`);
}
