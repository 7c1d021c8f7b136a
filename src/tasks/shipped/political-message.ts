import type { ClassificationTask } from '../classification';
import { publicSet } from '../public-set';

/** Politicians' posts, told by what they are for. */
export const politicalMessage: ClassificationTask = publicSet({
  name: 'political-message',
  source: "Crowdflower's Data for everyone, political social media posts",
  folder: 'political-posts',
  files: ['political-posts'],
  columns: { text: 'text', label: 'message' },
  labels: ['attack', 'constituency', 'information', 'media', 'mobilization', 'other', 'personal', 'policy', 'support'],
});
