import type { ClassificationTask } from '../classification';
import { publicSet } from '../public-set';

/** Short messages, told by whether they are spam. */
export const smsSpam: ClassificationTask = publicSet({
  name: 'sms-spam',
  source: 'ucirvine/sms_spam',
  files: ['train'],
  columns: { text: 'sms', label: 'label' },
  labels: [
    ['ham', '0'],
    ['spam', '1'],
  ],
});
