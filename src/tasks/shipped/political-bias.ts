import type { ClassificationTask } from '../classification';
import { publicSet } from '../public-set';

/** Politicians' posts, told by whether they take sides. */
export const politicalBias: ClassificationTask = publicSet({
  name: 'political-bias',
  source: "Crowdflower's Data for everyone, political social media posts",
  folder: 'political-posts',
  files: ['political-posts'],
  columns: { text: 'text', label: 'bias' },
  labels: ['neutral', 'partisan'],
});
