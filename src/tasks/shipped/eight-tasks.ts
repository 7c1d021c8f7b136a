import { mixture, type MixtureTask } from '../mixture';
import { actsToText } from './acts-to-text';
import { dialogue } from './dialogue';
import { englishGerman } from './english-german';
import { glossWord } from './gloss-word';
import { newsLead } from './news-lead';
import { sentiment } from './sentiment';
import { synopsis } from './synopsis';
import { verseParaphrase } from './verse-paraphrase';

/**
 * Eight tasks of the other systems behind instructions, in the role of T0's training mixture: two of telling labels, six
 * of writing.
 */
export const eightTasks: MixtureTask = mixture({
  name: 'eight-tasks',
  about: 'eight tasks with instructions as one mixture (the role of P3)',
  parts: [
    { task: sentiment, instruction: 'Is this review good or bad? {text}', words: ['bad', 'good'] },
    { task: verseParaphrase, instruction: 'Do these say the same? First: {text} Second: {pair}', words: ['no', 'yes'] },
    { task: synopsis, instruction: 'Describe this package in one line: {text}' },
    { task: newsLead, instruction: 'Write the first sentence of this report: {text}' },
    { task: englishGerman, instruction: 'Translate into German: {text}' },
    { task: dialogue, instruction: 'Say the next turn: {text}' },
    { task: actsToText, instruction: 'Say this in words: {text}' },
    { task: glossWord, instruction: 'Which word is this? {text}' },
  ],
  targetLength: 160, // 64 tokens at most of the models here
  most: { train: 2400, validation: 40, test: 120 },
});
