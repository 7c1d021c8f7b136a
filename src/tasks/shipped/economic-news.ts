import type { ClassificationTask } from '../classification';
import { publicSet } from '../public-set';

/** Newspaper articles, told by whether they are about the US economy. */
export const economicNews: ClassificationTask = publicSet({
  name: 'economic-news',
  source: "Crowdflower's Data for everyone, economic news article tone and relevance",
  files: ['economic-news'],
  columns: { text: 'text', label: 'relevance' },
  labels: ['no', 'yes'],
  unlabelled: ['not sure'],
});
