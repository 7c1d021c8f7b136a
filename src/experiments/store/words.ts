import type { Composition, Method, Modification } from '../../petl/design/types';
import { fullFineTuning, headOnly } from '../../rows';

/**
 * Functional form of a method in one word, as He et al. 2021 (Table 1) tell methods apart: the marker of its points.
 */
export function formOf(method: Method): string {
  if (method.unfrozen.some((part) => part.kind === 'all')) return fullFineTuning;
  const words = new Set(method.modifications.map(formWord));
  if (method.prompt.kind !== 'none') words.add('prompt');
  if (method.passes.kind !== 'once') words.add('connector');
  const [only] = words;
  if (words.size > 1) return 'mixed';
  return only ?? (method.unfrozen.length > 0 ? 'own weights' : headOnly);
}

export function formWord({ form }: Modification): string {
  if (form.kind !== 'bottleneck') return form.kind;
  return form.activation === 'identity' ? 'low-rank' : 'adapter';
}

const places = ['input', 'attention', 'FFN', 'block'];

/** Where a method modifies the model, in words: the colour of its points. */
export function siteOf(method: Method): string {
  const words = new Set(method.modifications.map(siteWord));
  if (method.prompt.kind !== 'none' || method.passes.kind !== 'once') words.add('input');
  if (words.size === 0) return method.unfrozen.length > 0 ? 'own weights' : 'head';
  return places.filter((place) => words.has(place)).join(' + ');
}

function siteWord({ site }: Modification): string {
  if (site === 'embedding') return 'input';
  if (site === 'block') return 'block';
  return site.startsWith('ffn') ? 'FFN' : 'attention';
}

/** Insertion form in a word (He et al., section 3.3): sequential where any modification reads what it changes. */
export function insertionOf({ modifications }: Method): string {
  if (modifications.length === 0) return '';
  return modifications.some(({ reads }) => !['x', 'query', 'query(norm(x))'].includes(reads))
    ? 'sequential'
    : 'parallel';
}

/** How what a method computes is put back; several ways are joined by a comma. */
export function compositionOf({ modifications }: Method): string {
  return [...new Set(modifications.map(({ composition }) => compositionWord(composition)))].join(', ');
}

function compositionWord(composition: Composition): string {
  switch (composition.kind) {
    case 'add':
      return 'added';
    case 'scaledAdd':
      if (composition.scale.kind !== 'fixed') return 'learned scale';
      return composition.scale.value === 1 ? 'added' : 'fixed scale';
    case 'massGate':
    case 'inputGate':
      return 'gated';
    case 'multiply':
      return 'multiplied';
    case 'renormalise':
      return 'renormalised';
  }
}
