import { parseMethod } from '../../petl/design/written';
import type { Bottleneck, Modification } from '../../petl/design/types';

/**
 * Methods that share a learning rate in the generation blocks, each with the method it is tuned at: the family's middle
 * size.
 */
export const generationFamilies = {
  full: 'full',
  bitfit: 'bitfit',
  prompt: 'prompt:l=28',
  prefix: 'prefix:l=57,mlp=200',
  // Free vectors and the MLP behind them want rates far apart; A21 compares the two, so each has its own trials.
  'free prefix': 'prefix:l=57',
  'low-rank': 'lora:r=57,s=4',
  'sequential adapter': 'sa-ffn:r=57',
  'parallel adapter': 'pa-ffn:r=57',
  mixed: 'mam:l=8,r=146,mlp=200',
} as const;

export type GenerationFamily = keyof typeof generationFamilies;

/** The family of a method: by functional form, adapters also by what they read; two forms at once are mixed. */
export function generationFamilyOf(method: string): GenerationFamily {
  const { modifications, prompt, unfrozen } = parseMethod(method);
  const found = new Set(modifications.map(familyOfModification));
  if (found.size > 1) return 'mixed';
  const [only] = found;
  if (only !== undefined) return only;
  if (prompt.kind !== 'none') return 'prompt';
  return unfrozen.some(({ kind }) => kind === 'all') ? 'full' : 'bitfit';
}

function familyOfModification({ form, reads }: Modification): GenerationFamily {
  if (form.kind === 'prefix') return form.reparameterisation.kind === 'none' ? 'free prefix' : 'prefix';
  return form.kind === 'diagonal' || form.kind === 'lookup' ? 'bitfit' : adapterFamily(form, reads);
}

function adapterFamily({ activation }: Bottleneck, reads: Modification['reads']): GenerationFamily {
  if (activation === 'identity') return 'low-rank';
  return reads.startsWith('x') || reads.startsWith('query') || reads === 'residual'
    ? 'parallel adapter'
    : 'sequential adapter';
}
