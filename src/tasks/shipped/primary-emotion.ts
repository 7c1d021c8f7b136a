import type { ClassificationTask } from '../classification';
import { publicSet } from '../public-set';

/** Sentences, told by the emotion of Plutchik's wheel that they show. */
export const primaryEmotion: ClassificationTask = publicSet({
  name: 'primary-emotion',
  source: "Crowdflower's Data for everyone, primary emotions of statements",
  files: ['primary-emotion'],
  columns: { text: 'sentence', label: 'emotion' },
  labels: 18,
});
