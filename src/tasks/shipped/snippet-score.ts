import { readSnippets, type Snippet } from '../human-scores';
import { divided, withoutEqual } from '../labelled';
import { regressionTask, type RegressionExample, type RegressionTask } from '../regression';
import type { TaskData } from '../task';
import { normalText } from '../text';

/** The files, and what stays in one split there: as the tasks of each have it. */
const files: readonly (readonly [file: string, groupOf: (snippet: Snippet) => string])[] = [
  ['amazonReviewSnippets_GroundTruth.txt', ({ source }) => `product review ${source}`],
  ['nytEditorialSnippets_GroundTruth.txt', ({ source }) => `editorial ${source}`],
  ['tweets_GroundTruth.txt', ({ text }) => normalText(text)],
];

/** How positive a snippet is, the mean of 20 people's scores: STS-B's role. */
export const snippetScore: RegressionTask = regressionTask({
  name: 'snippet-score',
  about: 'reviews, editorials and tweets, how positive people find them from -4 to 4',
  packages: ['vaderSentiment-domains'],
  range: [-4, 4],
  print: {
    train: { count: 7996, hash: '83235bd8e6b19478' },
    validation: { count: 1000, hash: '8137d87371a27b16' },
    test: { count: 2000, hash: 'be21ddf1a7630d9a' },
  },
  load: () =>
    Promise.resolve().then(() =>
      scoreData(
        files
          .map(([file, groupOf]) =>
            readSnippets(file).map((snippet) => ({
              ...snippet,
              id: `${file.slice(0, 3)} ${snippet.id}`,
              group: groupOf(snippet),
            })),
          )
          .flat(),
      ),
    ),
});

type Row = Pick<Snippet, 'id' | 'text' | 'score'> & { readonly group: string };

function scoreData(rows: readonly Row[]): TaskData<RegressionExample> {
  const once = withoutEqual(rows, ({ score }) => score);
  const sizes = { train: 8000, validation: 1000, test: 2000 };
  return divided('snippet-score', once, sizes, ({ id, text, score }) => ({ id, text, pair: null, value: score }));
}
