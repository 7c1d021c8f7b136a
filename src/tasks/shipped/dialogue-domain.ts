import { classificationTask, type ClassificationTask } from '../classification';
import { readUtterances } from '../dialogue-acts';
import { labelledData } from '../labelled';

const labels = ['attraction', 'hospital', 'hotel', 'police', 'restaurant', 'taxi', 'train'] as const;

/** What a user of MultiWOZ asks about; names and numbers are replaced by the kind of slot that they fill. */
export const dialogueDomain: ClassificationTask = classificationTask({
  name: 'dialogue-domain',
  about: 'what a user says to a booking service, one of seven domains',
  packages: ['convlab'],
  labels,
  metric: 'macro-f1',
  print: {
    train: { count: 7540, hash: 'a4328e8f556499c6' },
    validation: { count: 958, hash: '0d41fd44e838a57b' },
    test: { count: 2000, hash: '6ed5534b8a99d90d' },
  },
  load: () =>
    Promise.resolve().then(() =>
      labelledData(
        'dialogue-domain',
        readUtterances('user').flatMap(({ domain, ...row }) => {
          const label = labels.findIndex((name) => name === domain);
          return label < 0 ? [] : [{ ...row, label }];
        }),
        { train: 8000, validation: 1000, test: 2000 },
      ),
    ),
});
