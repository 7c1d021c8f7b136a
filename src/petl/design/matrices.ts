import { UserError } from '../../errors';
import type { Site } from '../../model/site';
import type { Arguments } from './arguments';

export type MatrixWord = 'q' | 'k' | 'v' | 'o' | 'up' | 'gate' | 'down';

/** The matrices of a block by the words that name them in written forms, self- and cross-attention's alike. */
const matrices: Readonly<Record<MatrixWord, readonly Site[]>> = {
  q: ['attn.query', 'cross.query'],
  k: ['attn.key', 'cross.key'],
  v: ['attn.value', 'cross.value'],
  o: ['attn.out', 'cross.out'],
  up: ['ffn.up'],
  gate: ['ffn.gate'],
  down: ['ffn.down'],
};

/** Where LoRA stands (Hu et al. 2022, section 4.2). */
export const queryAndValue: readonly MatrixWord[] = ['q', 'v'];
const matrixWords = Object.keys(matrices) as readonly MatrixWord[];

/** The sites of some matrices, the first matrix's first. */
export const sitesOf = (words: readonly MatrixWord[]): readonly Site[] => words.flatMap((word) => matrices[word]);

/** Every matrix of the blocks, PEFT's word for it. A gate is changed where there is one. */
const all = 'all-linear';
export const atForm: string = `[,at=q.k.v.o|${all}]`;

/** `at=q.k.v.o`, in whatever order. @returns undefined where it is left out */
export function readAt(take: Arguments): readonly MatrixWord[] | undefined {
  const text = take.text('at', '');
  if (text === '') return undefined;
  const words: readonly string[] = text === all ? matrixWords : text.split('.');
  const strange = words.find((word, i) => !Object.hasOwn(matrices, word) || words.indexOf(word) < i);
  if (strange !== undefined)
    throw new UserError(`at=${text} must be ${all}, or some of ${matrixWords.join('.')}, each once, joined by points.`);
  return matrixWords.filter((word) => words.includes(word));
}

/** The written form's word; undefined for query and value. */
export function printAt(words: readonly MatrixWord[]): string | undefined {
  const text = words.join('.');
  if (text === queryAndValue.join('.')) return undefined;
  return text === matrixWords.join('.') ? all : text;
}
