import type { Method, Modification } from '../petl/design';

/** Okabe and Ito's palette, told apart with the common kinds of colour blindness and in print. */
const siteColours: Readonly<Record<string, string>> = {
  attention: '#0072b2', FFN: '#d55e00', 'attention + FFN': '#009e73', input: '#cc79a7', 'own weights': '#5b6570', block: '#e69f00',
};
const moreColours = ['#56b4e9', '#b8860b', '#7b3294', '#1f2933'];

const formSymbols: Readonly<Record<string, string>> = {
  adapter: 'square', 'low-rank': 'circle', prefix: 'triangle-up', prompt: 'triangle-down', diagonal: 'diamond',
  'own weights': 'cross', mixed: 'star',
};
const moreSymbols = ['pentagon', 'hexagon', 'x', 'hourglass'];

export type Looks = ReadonlyMap<string, string>;

/** Colour of every site in use: known sites keep theirs in all figures, others get one in order. */
export function colours(sites: readonly string[]): Looks {
  return assign(sites, siteColours, moreColours);
}

/** Plotly marker symbol of every functional form in use. */
export function symbols(forms: readonly string[]): Looks {
  return assign(forms, formSymbols, moreSymbols);
}

function assign(words: readonly string[], known: Readonly<Record<string, string>>, more: readonly string[]): Looks {
  const order = [...Object.keys(known).filter((word) => words.includes(word)), ...new Set(words.filter((word) => !(word in known)))];
  let next = 0;
  return new Map(order.map((word) => [word, known[word] ?? more[next++ % more.length] ?? '']));
}

export const fullFineTuning = 'full fine-tuning';
export const headOnly = 'head only';

/** Functional form of a method in one word: the marker of its points. */
export function formOf(method: Method): string {
  if (method.unfrozen.some((part) => part.kind === 'all')) return fullFineTuning;
  const words = new Set(method.modifications.map(formWord));
  if (method.prompt.kind !== 'none') words.add('prompt');
  const [only] = words;
  if (words.size > 1) return 'mixed';
  return only ?? (method.unfrozen.length > 0 ? 'own weights' : headOnly);
}

function formWord({ form }: Modification): string {
  if (form.kind !== 'bottleneck') return form.kind;
  return form.activation === 'identity' ? 'low-rank' : 'adapter';
}

/** Where a method modifies the model, in words: the colour of its points. */
export function siteOf(method: Method): string {
  const words = new Set(method.modifications.map(siteWord));
  if (method.prompt.kind !== 'none') words.add('input');
  const [first, second] = ['input', 'attention', 'FFN', 'block'].filter((word) => words.has(word));
  if (first === undefined) return method.unfrozen.length > 0 ? 'own weights' : 'head';
  return second === undefined ? first : [...words].sort(byPlace).join(' + ');
}

function siteWord({ site }: Modification): string {
  if (site === 'embedding') return 'input';
  if (site === 'block') return 'block';
  return site.startsWith('ffn') ? 'FFN' : 'attention';
}

function byPlace(a: string, b: string): number {
  const places = ['input', 'attention', 'FFN', 'block'];
  return places.indexOf(a) - places.indexOf(b);
}
