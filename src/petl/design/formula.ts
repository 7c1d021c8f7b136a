import type { ModelShape } from '../../model/shape';
import { distancesOf, tableWidth } from '../../model/shapes';
import { keyValueWidth } from './places';

/**
 * What sizes are called in formulas. Of the model: d its width, d_e of its tables where that is not d, d_a of all query
 * heads, d_k of all key-value heads, d_h of one head, d_m of the FFN, N heads, V words, P positions, T token types, B
 * buckets of relative distances. Of the method: r bottleneck, l length, w width of the prefix MLP, n Kronecker terms, c
 * rank of their right factors, t token rows, q width of a prompt's generator, e width of what it reads.
 */
export type Letter = (typeof modelLetters)[number] | (typeof methodLetters)[number];
const methodLetters = ['n', 'c', 'r', 'l', 'q', 'e', 'w', 't'] as const;
const modelLetters = ['V', 'P', 'T', 'B', 'N', 'd', 'd_e', 'd_a', 'd_k', 'd_m', 'd_h'] as const;
const letters: readonly Letter[] = [...methodLetters, ...modelLetters];
export type Sizes = Readonly<Partial<Record<Letter, number>>>;

/** A sum of products. Its text and its value come from the same terms, so they cannot differ. */
export type Formula = readonly Term[];
export interface Term {
  readonly times: number;
  readonly letters: readonly Letter[];
}

/** `sum('2 r d', 'r', '1')`; equal products are joined. */
export function sum(...terms: readonly string[]): Formula {
  return joined(terms.map(termOf));
}

/** A sum of such products. */
export function summed(terms: readonly Term[]): Formula {
  return joined(terms);
}

export function plus(...formulas: readonly Formula[]): Formula {
  return joined(formulas.flat());
}

function joined(terms: readonly Term[]): Formula {
  const sums = new Map<string, Term>();
  for (const term of terms) {
    const key = term.letters.join(' ');
    sums.set(key, { ...term, times: term.times + (sums.get(key)?.times ?? 0) });
  }
  return [...sums.values()];
}

function termOf(text: string): Term {
  const words = text.split(' ');
  const times = words.filter((word) => /^\d+$/.test(word)).reduce((product, word) => product * Number(word), 1);
  const named = words
    .filter((word) => !/^\d+$/.test(word))
    .map((word) => {
      const letter = letters.find((known) => known === word);
      if (letter === undefined) throw new Error(`"${word}" of "${text}" is no letter of a formula`);
      return letter;
    });
  return { times, letters: named.sort((a, b) => letters.indexOf(a) - letters.indexOf(b)) };
}

/**
 * A size as a product of letters, each known by a prime that no other size has.
 * @param sizes what the letters stand for
 */
export function factorised(size: number, sizes: Required<Sizes>): Term {
  const found: Letter[] = [];
  let left = size;
  for (const letter of byPrime)
    while (sizes[letter] > 1 && left % sizes[letter] === 0) {
      found.push(letter);
      left /= sizes[letter];
    }
  return { times: left, letters: found.sort((a, b) => letters.indexOf(a) - letters.indexOf(b)) };
}
/** Letters whose sizes hold another's as a factor come before it. */
const byPrime: readonly Letter[] = [
  'd_a',
  'd_k',
  'd_h',
  'd_m',
  'd_e',
  'd',
  'r',
  'N',
  'V',
  'P',
  'T',
  'B',
  'w',
  't',
  'l',
  'q',
  'e',
  'c',
  'n',
];

/** What `whole` has more than `part`. */
export function minus(whole: Formula, part: Formula): Formula {
  return joined([...whole, ...part.map((term) => ({ ...term, times: -term.times }))]).filter(
    ({ times }) => times !== 0,
  );
}

/** `r (d + d_a) + 2 d`: products of r with a width share one r. */
export function formulaText(formula: Formula): string {
  const withR = formula.filter(isWide);
  if (withR.length < 2) return formula.map(termText).join(' + ') || '0';
  const inside = withR.map((term) => termText({ ...term, letters: term.letters.slice(1) })).join(' + ');
  return [`r (${inside})`, ...formula.filter((term) => !isWide(term)).map(termText)].join(' + ');
}

const isWide = (term: Term): boolean => term.letters.length === 2 && term.letters[0] === 'r';

function termText({ times, letters: product }: Term): string {
  const powers = [...new Set(product)].map(
    (letter) => `${letter}${['', '²', '³'][product.filter((other) => other === letter).length - 1] ?? ''}`,
  );
  return [...(times === 1 && powers.length > 0 ? [] : [String(times)]), ...powers].join(' ');
}

/** @throws where a letter has no size */
export function formulaValue(formula: Formula, sizes: Sizes): number {
  return formula.reduce(
    (total, { times, letters: product }) =>
      total +
      product.reduce((value, letter) => {
        const size = sizes[letter];
        if (size === undefined) throw new Error(`${letter} has no size`);
        return value * size;
      }, times),
    0,
  );
}

/** What the letters of a model stand for. */
export function modelSizes(shape: ModelShape): Sizes {
  const { width, heads, headWidth, ffnWidth, vocabulary, tokenTypes, positions } = shape;
  const distances = distancesOf(shape);
  return {
    d: width,
    d_e: tableWidth(shape),
    d_h: headWidth,
    d_a: heads * headWidth,
    d_k: keyValueWidth(shape),
    d_m: ffnWidth,
    N: heads,
    V: vocabulary,
    T: tokenTypes,
    ...(positions.kind === 'learned' ? { P: positions.rows } : {}),
    ...(distances && { B: distances.buckets }),
  };
}
