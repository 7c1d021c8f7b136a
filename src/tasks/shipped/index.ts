import type { Task } from '../task';
import { actsToText } from './acts-to-text';
import { dialogue } from './dialogue';
import { englishGerman } from './english-german';
import { englishRomanian } from './english-romanian';
import { mnli } from './mnli';
import { newsLead } from './news-lead';
import { packageSummary } from './package-summary';
import { sentiment } from './sentiment';
import { shuffledSentiment } from './sentiment-shuffled';
import { sst2 } from './sst2';
import { storyQuestions } from './story-questions';
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
  dialogue,
  englishGerman,
  packageSummary,
  storyQuestions,
  actsToText,
  sst2,
  mnli,
  xsum,
  wmt16,
];
