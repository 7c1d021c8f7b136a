import { UserError } from '../../errors';
import type { Tier } from '../store/spec';
import { baseGate, closedBookGate, mixtureGate, readerGate, voiceGate } from './base-gate';
import { blockStudies } from './block-studies';
import { budgetSplit } from './budget-split';
import { budgetSweep } from './budget-sweep';
import { compositionAndScale } from './composition-and-scale';
import { cost } from './cost';
import { designSpace } from './design-space';
import { easyTasks } from './easy-tasks';
import { existingMethods } from './existing-methods';
import { dataFractions, manyHeadline } from './frozen';
import { headsAndGates } from './heads-and-gates';
import { insertionForm } from './insertion-form';
import { mixAndMatch } from './mix-and-match';
import { modifiedRepresentation } from './modified-representation';
import { precision } from './precision';
import { prefixTraining } from './prefix-training';
import { manyAnswers, nothingForgotten, twiceOrLarge } from './recursive';
import { originalStudies } from './originals';
import { oneModelStudies } from './one-model';
import { readers } from './reader';
import type { Declared, Study } from './study';
import { settings } from './settings';
import { trends } from './trends';
import { headlineStudies, startStudy } from './voices';

/** In the order of the catalogue; the last ones are whole blocks of the compute plan, and the paper's own settings. */
const shipped: readonly Declared[] = [
  existingMethods,
  easyTasks,
  budgetSweep,
  insertionForm,
  modifiedRepresentation,
  headsAndGates,
  compositionAndScale,
  prefixTraining,
  mixAndMatch,
  budgetSplit,
  cost,
  precision,
  baseGate,
  voiceGate,
  readerGate,
  mixtureGate,
  closedBookGate,
  designSpace,
  ...settings.map(({ study }) => study),
  startStudy,
  ...headlineStudies,
  ...oneModelStudies,
  dataFractions,
  manyHeadline,
  readers,
  manyAnswers,
  twiceOrLarge,
  nothingForgotten,
  trends,
  ...blockStudies,
  ...originalStudies,
];

/** Every study by name; a study is made for a tier. */
export const studies: Readonly<Record<string, Declared>> = Object.fromEntries(
  shipped.map((study) => [study.studyName, study]),
);

/** The study called `name`; an unknown name is a UserError that lists the known ones. */
export function studyNamed(name: string, tier: Tier): Study {
  const make = Object.hasOwn(studies, name) ? studies[name] : undefined;
  if (make) return make(tier);
  throw new UserError(`unknown study "${name}": choose from ${Object.keys(studies).join(', ')}`);
}
