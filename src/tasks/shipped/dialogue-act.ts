import { classificationTask, type ClassificationTask } from '../classification';
import { readUtterances } from '../dialogue-acts';
import { labelledData } from '../labelled';

const labels = [
  ...['book', 'inform', 'nobook', 'nooffer', 'offerbook', 'recommend', 'request', 'select'],
  ...['bye', 'greet', 'reqmore', 'welcome'],
] as const;

/** What a system of MultiWOZ does with an utterance; names and numbers are replaced by the kind of slot that they fill. */
export const dialogueAct: ClassificationTask = classificationTask({
  name: 'dialogue-act',
  about: 'what a booking service says, one of twelve dialogue acts',
  packages: ['convlab'],
  labels,
  metric: 'matthews',
  print: {
    train: { count: 7303, hash: '289318975202147a' },
    validation: { count: 950, hash: 'b90fa61846929ded' },
    test: { count: 2000, hash: 'f37e4a582ed0a2e0' },
  },
  load: () =>
    Promise.resolve().then(() =>
      labelledData(
        'dialogue-act',
        readUtterances('system').flatMap(({ act, ...row }) => {
          const label = labels.findIndex((name) => name === act);
          return label < 0 ? [] : [{ ...row, label }];
        }),
        { train: 8000, validation: 1000, test: 2000 },
      ),
    ),
});
