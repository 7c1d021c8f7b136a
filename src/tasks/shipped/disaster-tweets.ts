import type { ClassificationTask } from '../classification';
import { publicSet } from '../public-set';

/** Tweets with words of disasters, told by whether one happened. */
export const disasterTweets: ClassificationTask = publicSet({
  name: 'disaster-tweets',
  source: "Crowdflower's Data for everyone, disasters on social media",
  files: ['disaster-tweets'],
  columns: { text: 'text', label: 'choose_one' },
  labels: ['Not Relevant', 'Relevant'],
  unlabelled: ["Can't Decide"],
});
