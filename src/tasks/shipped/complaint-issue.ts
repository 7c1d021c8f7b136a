import type { ClassificationTask } from '../classification';
import { publicSet } from '../public-set';

/** Complaints about financial products, told by the issue that they are filed under. */
export const complaintIssue: ClassificationTask = publicSet({
  name: 'complaint-issue',
  source: 'the Consumer Complaint Database',
  files: ['complaints'],
  columns: { text: 'Consumer complaint narrative', label: 'Issue' },
  labels: 157,
});
