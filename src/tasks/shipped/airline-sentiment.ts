import type { ClassificationTask } from '../classification';
import { publicSet } from '../public-set';

/** Tweets about airlines, told by their tone. */
export const airlineSentiment: ClassificationTask = publicSet({
  name: 'airline-sentiment',
  source: "Crowdflower's Data for everyone, airline sentiment",
  files: ['airline-sentiment'],
  columns: { text: 'text', label: 'airline_sentiment' },
  labels: ['negative', 'neutral', 'positive'],
});
