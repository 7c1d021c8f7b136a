/** Okabe and Ito's palette, told apart with the common kinds of colour blindness and in print. */
const siteColours: Readonly<Record<string, string>> = {
  attention: '#0072b2',
  FFN: '#d55e00',
  'attention + FFN': '#009e73',
  input: '#cc79a7',
  'own weights': '#5b6570',
  block: '#e69f00',
};
const moreColours = ['#56b4e9', '#b8860b', '#7b3294', '#1f2933'];

const formSymbols: Readonly<Record<string, string>> = {
  adapter: 'square',
  'low-rank': 'circle',
  prefix: 'triangle-up',
  prompt: 'triangle-down',
  diagonal: 'diamond',
  'own weights': 'cross',
  mixed: 'star',
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

const compositionRings: Readonly<Record<string, string>> = {
  added: '',
  'fixed scale': 'circle-open',
  'learned scale': 'diamond-open',
  gated: 'square-open',
  multiplied: 'hexagon-open',
  renormalised: 'octagon-open',
};

/** Symbol around the point of every composition in use; none around plain addition. */
export function rings(compositions: readonly string[]): Looks {
  return assign(compositions, compositionRings, ['pentagon-open', 'hexagram-open']);
}

function assign(words: readonly string[], known: Readonly<Record<string, string>>, more: readonly string[]): Looks {
  const order = [
    ...Object.keys(known).filter((word) => words.includes(word)),
    ...new Set(words.filter((word) => !(word in known))),
  ];
  let next = 0;
  return new Map(order.map((word) => [word, known[word] ?? more[next++ % more.length] ?? '']));
}
