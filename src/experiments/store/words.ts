import type { Method, Modification } from '../../petl/design/types';
import { fullFineTuning, headOnly } from '../../rows';

/**
 * Functional form of a method in one word, as He et al. 2021 (Table 1) tell methods apart: the marker of its points.
 */
export function formOf(method: Method): string {
  if (method.unfrozen.some((part) => part.kind === 'all')) return fullFineTuning;
  const words = new Set(method.modifications.map(formWord));
  if (method.prompt.kind !== 'none') words.add('prompt');
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
  if (method.prompt.kind !== 'none') words.add('input');
  if (words.size === 0) return method.unfrozen.length > 0 ? 'own weights' : 'head';
  return places.filter((place) => words.has(place)).join(' + ');
}

function siteWord({ site }: Modification): string {
  if (site === 'embedding') return 'input';
  if (site === 'block') return 'block';
  return site.startsWith('ffn') ? 'FFN' : 'attention';
}
