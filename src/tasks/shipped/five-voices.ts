import { mixture, type MixtureTask } from '../mixture';
import { actsToText } from './acts-to-text';
import { dialogue } from './dialogue';
import { englishGerman } from './english-german';
import { packageSummary } from './package-summary';
import { storyQuestions } from './story-questions';

/** The five voices as one task, equally often: what one model learns that is trained on all of them at once. */
export const fiveVoices: MixtureTask = mixture({
  name: 'five-voices',
  about: 'the five generation tasks of one frozen decoder as one mixture',
  parts: [
    { task: dialogue, instruction: 'Say the next turn: {text}' },
    { task: englishGerman, instruction: 'Translate into German: {text}' },
    { task: packageSummary, instruction: 'Describe this package in one line: {text}' },
    { task: storyQuestions, instruction: 'Answer the last question: {text}' },
    { task: actsToText, instruction: 'Say this in words: {text}' },
  ],
  segments: { names: ['first', 'other', 'answer'], read: 'turns', most: 400 },
  temperature: 1,
  most: { train: 2560, validation: 50, test: 100 },
});
