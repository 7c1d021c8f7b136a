import type { Task } from '../task';
import { englishRomanian } from './english-romanian';
import { mnli } from './mnli';
import { newsLead } from './news-lead';
import { sentiment } from './sentiment';
import { shuffledSentiment } from './sentiment-shuffled';
import { sst2 } from './sst2';
import { synopsis } from './synopsis';
import { verseParaphrase } from './verse-paraphrase';
import { wmt16 } from './wmt16-en-ro';
import { xsum } from './xsum';

/** One task for each file of this folder. */
export const shippedTasks: readonly Task[] = [
  sentiment,
  shuffledSentiment,
  verseParaphrase,
  synopsis,
  newsLead,
  englishRomanian,
  sst2,
  mnli,
  xsum,
  wmt16,
];
