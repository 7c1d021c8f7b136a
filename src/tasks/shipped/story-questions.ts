import { join } from 'node:path';
import * as v from 'valibot';
import { readJson, type Schema } from '../../json';
import { packageFolder } from '../../packages/content';
import { generationTask, type GenerationExample, type GenerationTask } from '../generation';
import { splitExamples, type TaskData } from '../task';
import { hasWords, normalText } from '../text';

/** Turns before an answer: one pair and the question (Lin et al. 2020, released code). */
const HISTORY = 3;

/**
 * Conversational question answering: CoQA's test file as BIG-bench carries it. Its authors ask that it never be trained
 * on as text, so that pretraining here does not read it; a fine-tuned answerer is what a task file is for.
 */
export const storyQuestions: GenerationTask = generationTask({
  name: 'story-questions',
  about: 'CoQA: the answer to a question in a conversation about a story (in no pretraining corpus)',
  packages: ['bigbench'],
  segments: { names: ['document', 'question', 'answer'], read: 'turns', most: 400 },
  targetTokens: 32,
  print: {
    train: { count: 7573, hash: '0e5b2eed2a056116' },
    validation: { count: 1197, hash: 'cc99690b79804d4f' },
    test: { count: 2038, hash: 'add5b1d170c44bce' },
  },
  load: () =>
    Promise.resolve().then(() => {
      const path = join(packageFolder('bigbench'), 'coqa.test.json');
      return questionsData(readJson(path, fileIn, 'bring the package anew with petl fetch bigbench').data);
    }),
});

interface Turn {
  readonly input_text: string;
}
interface Story {
  readonly id: string;
  readonly story: string;
  readonly questions: readonly Turn[];
  readonly answers: readonly Turn[];
}

const turnsIn = v.array(v.looseObject({ input_text: v.string() }));
const fileIn: Schema<{ readonly data: readonly Story[] }> = v.looseObject({
  data: v.array(v.looseObject({ id: v.string(), story: v.string(), questions: turnsIn, answers: turnsIn })),
});

/** Answers of at most 12 words after the story, one earlier pair and the question, divided by story. */
export function questionsData(stories: readonly Story[]): TaskData<GenerationExample> {
  const groups = new Map(stories.map(({ id, story }) => [id, `story ${normalText(story)}`]));
  return splitExamples('story-questions', stories.flatMap(turnsOf), ({ id }) => {
    return groups.get(id.slice(0, id.lastIndexOf('.'))) ?? '';
  });
}

function turnsOf({ id, story, questions, answers }: Story): readonly GenerationExample[] {
  const plain = (text: string | undefined): string => (text ?? '').replace(/\s+/g, ' ').trim();
  return answers.flatMap((_, at) => {
    const said = questions
      .slice(0, at + 1)
      .flatMap((question, i) => [question, answers[i]].map((t) => plain(t?.input_text)));
    const target = said[said.length - 1] ?? '';
    const lines = [plain(story), ...said.slice(0, -1).slice(-HISTORY)];
    return hasWords(target, 1, 12) && lines.every((line) => line !== '')
      ? [{ id: `${id}.${at}`, text: lines.join('\n'), target }]
      : [];
  });
}
