import { classificationTask, type ClassificationTask } from '../classification';
import { leaning, readSnippets } from '../human-scores';
import { labelledData } from '../labelled';

/** Sentences of product reviews by the sign of their mean human score, divided by review. */
export const productSentiment: ClassificationTask = classificationTask({
  name: 'product-sentiment',
  about: 'sentences of product reviews, positive or negative',
  packages: ['vaderSentiment-domains'],
  labels: ['negative', 'positive'],
  print: {
    train: { count: 2093, hash: '203354fde3b284c4' },
    validation: { count: 377, hash: 'fc8e407327a4224c' },
    test: { count: 453, hash: 'cbec8e5f054c4f2d' },
  },
  load: () =>
    Promise.resolve().then(() =>
      labelledData(
        'product-sentiment',
        leaning(readSnippets('amazonReviewSnippets_GroundTruth.txt'), 0.5, ({ source }) => `product review ${source}`),
      ),
    ),
});
