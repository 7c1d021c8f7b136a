import type { ClassificationTask } from '../classification';
import { publicSet } from '../public-set';

/** Newspaper articles, told by whether they say how the US economy does. */
export const usEconomy: ClassificationTask = publicSet({
  name: 'us-economy',
  source: "Crowdflower's Data for everyone, US economic performance based on news articles",
  files: ['us-economy'],
  columns: { text: 'text', label: 'relevance' },
  labels: ['no', 'yes'],
  unlabelled: ['not sure'],
});
