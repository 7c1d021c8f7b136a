import type { ClassificationTask } from '../classification';
import { publicSet } from '../public-set';

/** Politicians' posts, told by whom they address. */
export const politicalAudience: ClassificationTask = publicSet({
  name: 'political-audience',
  source: "Crowdflower's Data for everyone, political social media posts",
  folder: 'political-posts',
  files: ['political-posts'],
  columns: { text: 'text', label: 'audience' },
  labels: ['constituency', 'national'],
});
