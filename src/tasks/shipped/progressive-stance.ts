import type { ClassificationTask } from '../classification';
import { publicSet } from '../public-set';

const question = [
  'q1_from_reading_the_tweet_which_of_the_options_below_is_most_likely_to_be_true',
  'about_the_stance_or_outlook_of_the_tweeter_towards_the_target',
];

/** Tweets on progressive issues, told by whether they are for their target. */
export const progressiveStance: ClassificationTask = publicSet({
  name: 'progressive-stance',
  source: "Crowdflower's Data for everyone, progressive issues sentiment analysis",
  folder: 'progressive-tweets',
  files: ['progressive-tweets'],
  columns: { text: 'tweet', label: question.join('_') },
  labels: 4,
});
