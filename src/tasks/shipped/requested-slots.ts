import { readRequests } from '../dialogue-acts';
import { divided, withoutEqual } from '../labelled';
import { multiLabelTask, type MultiLabelTask } from '../multi-label';

const labels = [
  ...['addr', 'area', 'arrive', 'car', 'day', 'depart', 'dest', 'fee', 'food', 'id', 'internet', 'leave'],
  ...['name', 'parking', 'people', 'phone', 'post', 'price', 'ref', 'stars', 'stay', 'ticket', 'time', 'type'],
] as const;

/** Which things an utterance asks for, by MultiWOZ's annotation: any number of 24. */
export const requestedSlots: MultiLabelTask = multiLabelTask({
  name: 'requested-slots',
  about: 'what a question to or of a booking service asks for, any of 24 slots',
  packages: ['convlab'],
  labels,
  print: {
    train: { count: 7180, hash: '8882832da332d528' },
    validation: { count: 925, hash: 'a2e047686719b799' },
    test: { count: 2000, hash: '3279bc496cd0bd80' },
  },
  load: () =>
    Promise.resolve().then(() => {
      const rows = withoutEqual(readRequests(), ({ slots }) => slots.join(' '));
      const sizes = { train: 8000, validation: 1000, test: 2000 };
      return divided('requested-slots', rows, sizes, ({ id, text, slots }) => ({
        id,
        text,
        pair: null,
        labels: labels.flatMap((label, i) => (slots.includes(label) ? [i] : [])),
      }));
    }),
});
