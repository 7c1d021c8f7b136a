import type { ClassificationTask } from '../classification';
import { publicSet } from '../public-set';

/** Tweets on progressive issues, told by whether they state an opinion. */
export const progressiveOpinion: ClassificationTask = publicSet({
  name: 'progressive-opinion',
  source: "Crowdflower's Data for everyone, progressive issues sentiment analysis",
  folder: 'progressive-tweets',
  files: ['progressive-tweets'],
  columns: { text: 'tweet', label: 'q2_which_of_the_options_below_is_true_about_the_opinion_in_the_tweet' },
  labels: 3,
});
