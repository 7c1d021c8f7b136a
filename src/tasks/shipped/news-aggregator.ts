import type { ClassificationTask } from '../classification';
import { publicSet } from '../public-set';

/** Headlines, told by their desk. */
export const newsAggregator: ClassificationTask = publicSet({
  name: 'news-aggregator',
  source: "UCI's News Aggregator",
  files: ['news-aggregator'],
  columns: { text: 'TITLE', label: 'CATEGORY' },
  labels: [
    ['business', 'b'],
    ['technology', 't'],
    ['entertainment', 'e'],
    ['health', 'm'],
  ],
});
