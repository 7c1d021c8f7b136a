import { UserError } from '../errors';
import { englishRomanian } from './english-romanian';
import { newsLead } from './news-lead';
import { originals } from './originals';
import { sentiment, shuffledSentiment } from './sentiment';
import { synopsis } from './synopsis';
import type { Task } from './task';
import { verseParaphrase } from './verse-paraphrase';

/** Every task by name. */
export const tasks: readonly Task[] = [
  sentiment,
  shuffledSentiment,
  verseParaphrase,
  synopsis,
  newsLead,
  englishRomanian,
  ...originals,
];

/** The task called `name`; an unknown name is a UserError that lists the known ones. */
export function taskNamed(name: string): Task {
  const task = tasks.find((candidate) => candidate.name === name);
  if (task) return task;
  throw new UserError(`unknown task "${name}": choose from ${tasks.map((known) => known.name).join(', ')}`);
}
