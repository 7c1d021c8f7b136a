import { UserError } from '../../errors';
import { runSpec } from '../store/spec';
import { gateTunable } from './base-gate';
import type { Block } from './block';
import { synopsisBlock, translationBlock } from './blocks';
import { existingMethods } from './existing-methods';
import { generationFamilies } from './families';
import { settings } from './settings';
import { trendsTunable } from './trends';
import { familyOf, type Tunable, type TunedFamily } from './study';

/** 120 steps of 16. */
function generationTunable({ name, task, model, training }: Block): Tunable {
  const settings = { ...training.full, examples: 1920, epochs: 1 };
  const families = Object.entries(generationFamilies).map(([family, method]) => ({
    name: family,
    label: family,
    base: runSpec({ study: name, method, model, task, tier: 'quick', training: settings }),
  }));
  return { name, families };
}

/** The methods of the first study, one for each family; every study on MiniLM takes its rates from here. */
function existingTunable(): Tunable {
  const families = new Map<string, TunedFamily>();
  for (const {
    label,
    runs: [base],
  } of existingMethods('quick').variants) {
    if (base !== undefined && !families.has(familyOf(base.method)))
      families.set(familyOf(base.method), { name: familyOf(base.method), base, label });
  }
  return { name: 'existing-methods', families: [...families.values()] };
}

/** Everything that `petl tune` can tune, by name. */
export const tunables: Readonly<Record<string, () => Tunable>> = {
  'existing-methods': existingTunable,
  'english-romanian': () => generationTunable(translationBlock),
  synopsis: () => generationTunable(synopsisBlock),
  'base-gate': gateTunable,
  trends: trendsTunable,
  ...Object.fromEntries(settings.map(({ block, tunable }) => [block.name, tunable])),
};

/** What is tuned under `name`; an unknown name is a UserError that lists the known ones. */
export function tunableNamed(name: string): Tunable {
  const make = Object.hasOwn(tunables, name) ? tunables[name] : undefined;
  if (make) return make();
  throw new UserError(`nothing is tuned under "${name}": choose from ${Object.keys(tunables).join(', ')}`);
}
