import { classificationTask, type ClassificationTask } from '../classification';
import { leaning, readSnippets } from '../human-scores';
import { labelledData } from '../labelled';

/** Sentences of editorials by the sign of their mean human score, divided by article; people lean less here, so that 0.3 already counts. */
export const editorialSentiment: ClassificationTask = classificationTask({
  name: 'editorial-sentiment',
  about: 'sentences of newspaper editorials, positive or negative',
  packages: ['vaderSentiment-domains'],
  labels: ['negative', 'positive'],
  print: {
    train: { count: 2453, hash: '8476189be875ddbe' },
    validation: { count: 322, hash: 'cc16f7cd9cbddcf5' },
    test: { count: 700, hash: 'a6e9f96d946bc235' },
  },
  load: () =>
    Promise.resolve().then(() =>
      labelledData(
        'editorial-sentiment',
        leaning(readSnippets('nytEditorialSnippets_GroundTruth.txt'), 0.3, ({ source }) => `editorial ${source}`),
      ),
    ),
});
