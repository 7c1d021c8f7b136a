import type { Task } from '../task';
import { actsToText } from './acts-to-text';
import { dialogue } from './dialogue';
import { eightTasks } from './eight-tasks';
import { englishGerman } from './english-german';
import { bibleVersion } from './bible-version';
import { cola } from './cola';
import { dialogueAct } from './dialogue-act';
import { dialogueDomain } from './dialogue-domain';
import { editorialSentiment } from './editorial-sentiment';
import { englishRomanian } from './english-romanian';
import { wordClass } from './word-class';
import { fiveVoices } from './five-voices';
import { glossField } from './gloss-field';
import { glossWord } from './gloss-word';
import { lexicalField } from './lexical-field';
import { mnli } from './mnli';
import { mrpc } from './mrpc';
import { newsLead } from './news-lead';
import { packageSummary } from './package-summary';
import { newsTopic } from './news-topic';
import { packageSection } from './package-section';
import { productSentiment } from './product-sentiment';
import { qnli } from './qnli';
import { qqp } from './qqp';
import { requestedSlots } from './requested-slots';
import { rte } from './rte';
import { runningText } from './running-text';
import { sentiment } from './sentiment';
import { shuffledSentiment } from './sentiment-shuffled';
import { snippetScore } from './snippet-score';
import { spam } from './spam';
import { squad } from './squad';
import { squadShifts } from './squad-shifts';
import { sst2 } from './sst2';
import { storyQuestions } from './story-questions';
import { stsb } from './stsb';
import { synopsis } from './synopsis';
import { tweetPolarity } from './tweet-polarity';
import { tweetSentiment } from './tweet-sentiment';
import { verseParaphrase } from './verse-paraphrase';
import { verseQuestions } from './verse-questions';
import { newsgroups } from './20-newsgroups';
import { airlineSentiment } from './airline-sentiment';
import { corporateMessaging } from './corporate-messaging';
import { disasterTweets } from './disaster-tweets';
import { economicNews } from './economic-news';
import { tweetEmotion } from './tweet-emotion';
import { globalWarming } from './global-warming';
import { politicalAudience } from './political-audience';
import { politicalBias } from './political-bias';
import { politicalMessage } from './political-message';
import { complaintIssue } from './complaint-issue';
import { primaryEmotion } from './primary-emotion';
import { progressiveOpinion } from './progressive-opinion';
import { progressiveStance } from './progressive-stance';
import { usEconomy } from './us-economy';
import { newsAggregator } from './news-aggregator';
import { smsSpam } from './sms-spam';
import { wmt16 } from './wmt16-en-ro';
import { wnli } from './wnli';
import { xsum } from './xsum';

/** One task for each file of this folder. */
export const shippedTasks: readonly Task[] = [
  sentiment,
  shuffledSentiment,
  verseParaphrase,
  productSentiment,
  editorialSentiment,
  tweetSentiment,
  tweetPolarity,
  newsTopic,
  packageSection,
  spam,
  dialogueDomain,
  dialogueAct,
  lexicalField,
  wordClass,
  bibleVersion,
  snippetScore,
  requestedSlots,
  squadShifts,
  synopsis,
  newsLead,
  englishRomanian,
  dialogue,
  englishGerman,
  packageSummary,
  storyQuestions,
  actsToText,
  glossWord,
  verseQuestions,
  glossField,
  runningText,
  eightTasks,
  fiveVoices,
  sst2,
  mnli,
  cola,
  mrpc,
  stsb,
  qqp,
  qnli,
  rte,
  wnli,
  squad,
  newsgroups,
  airlineSentiment,
  corporateMessaging,
  disasterTweets,
  economicNews,
  tweetEmotion,
  globalWarming,
  politicalAudience,
  politicalBias,
  politicalMessage,
  primaryEmotion,
  progressiveOpinion,
  progressiveStance,
  usEconomy,
  complaintIssue,
  newsAggregator,
  smsSpam,
  xsum,
  wmt16,
];
