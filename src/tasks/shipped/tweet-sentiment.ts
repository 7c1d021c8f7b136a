import { classificationTask, type ClassificationTask } from '../classification';
import { leaning, readSnippets } from '../human-scores';
import { labelledData } from '../labelled';
import { normalText } from '../text';

/** Tweets by the sign of their mean human score. */
export const tweetSentiment: ClassificationTask = classificationTask({
  name: 'tweet-sentiment',
  about: 'tweets, positive or negative',
  packages: ['vaderSentiment-domains'],
  labels: ['negative', 'positive'],
  print: {
    train: { count: 2220, hash: '07dfdf8336532d92' },
    validation: { count: 336, hash: '6808d8b2b7ae06aa' },
    test: { count: 640, hash: '46ccd4facbe3e62d' },
  },
  load: () =>
    Promise.resolve().then(() =>
      labelledData(
        'tweet-sentiment',
        leaning(readSnippets('tweets_GroundTruth.txt'), 0.5, ({ text }) => normalText(text)),
      ),
    ),
});
