import type { ClassificationTask } from '../classification';
import { publicSet } from '../public-set';

/** What companies post, told by what it is for. */
export const corporateMessaging: ClassificationTask = publicSet({
  name: 'corporate-messaging',
  source: "Crowdflower's Data for everyone, corporate messaging",
  files: ['corporate-messaging'],
  columns: { text: 'text', label: 'category' },
  labels: ['Information', 'Action', 'Dialogue', 'Exclude'],
});
