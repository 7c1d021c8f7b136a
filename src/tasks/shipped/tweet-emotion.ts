import type { ClassificationTask } from '../classification';
import { publicSet } from '../public-set';

/** Tweets, told by their feeling. */
export const tweetEmotion: ClassificationTask = publicSet({
  name: 'tweet-emotion',
  source: "Crowdflower's Data for everyone, emotion in text",
  files: ['tweet-emotion'],
  columns: { text: 'content', label: 'sentiment' },
  labels: [
    'anger',
    'boredom',
    'empty',
    'enthusiasm',
    'fun',
    'happiness',
    'hate',
    'love',
    'neutral',
    'relief',
    'sadness',
    'surprise',
    'worry',
  ],
});
