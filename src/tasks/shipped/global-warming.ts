import type { ClassificationTask } from '../classification';
import { publicSet } from '../public-set';

/** Tweets, told by whether they hold that global warming exists. */
export const globalWarming: ClassificationTask = publicSet({
  name: 'global-warming',
  source: "Crowdflower's Data for everyone, sentiment about global warming",
  files: ['global-warming'],
  columns: { text: 'tweet', label: 'existence' },
  labels: [
    ['No', 'N'],
    ['Yes', 'Y'],
  ],
  unlabelled: ['N/A', 'NA'],
});
