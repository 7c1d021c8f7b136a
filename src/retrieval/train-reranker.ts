import { parseMethod } from '../petl/design/written';
import { randomStream } from '../random';
import { classificationTask, type ClassificationExample, type ClassificationTask } from '../tasks/classification';
import type { Passage, Question } from '../tasks/collections/collection';
import type { TrainingJob } from '../training/job';
import { train } from '../training/train';
import { encoderName } from './embed';
import { relevant } from './rerank';

/** Changes whenever re-rankers that were trained by other code must be made anew. */
export const rerankerVersion = 'lora:r=16, 3 negatives, 4 epochs, 2';

/** Passages that were found for a question and do not answer it, beside the one that does. */
const NEGATIVES = 3;
const METHOD = 'lora:r=16';

/** A question with what was found for it, by places. */
export interface Candidates {
  readonly question: Question;
  readonly found: readonly number[];
}

/** What differs from the usual settings of a run. */
const settings: Partial<TrainingJob['training']> = {
  examples: 'all',
  epochs: 4,
  batch: 32,
  maxLength: 96,
  learningRate: 1e-3,
  precision: 'bfloat16',
  scored: { validation: 'all', test: 0 },
};

/**
 * Trains the encoder with LoRA to tell whether a passage answers a question, both read together, by the project's own
 * trainer, and keeps it in `folder`.
 * @param usual settings of a run that nothing is said of @param progress is told how many steps are done, and the loss
 */
export async function trainReranker(
  folder: string,
  { passages, candidates }: { readonly passages: readonly Passage[]; readonly candidates: readonly Candidates[] },
  usual: TrainingJob['training'],
  progress: (step: number, steps: number) => void,
): Promise<void> {
  const training = { ...usual, ...settings };
  const job: TrainingJob = {
    ...{ method: parseMethod(METHOD), model: encoderName, training, seed: 1, engine: 'compiled', keep: folder },
    task: relevanceTask(passages, candidates),
  };
  await train(job, (event) => {
    if (event.kind === 'step') progress(event.step, event.steps);
    return undefined;
  });
}

/** Pairs of a question and a passage, divided as the questions are. */
export function relevanceTask(passages: readonly Passage[], candidates: readonly Candidates[]): ClassificationTask {
  const places = new Map(passages.map(({ id }, place) => [id, place]));
  const pairs = candidates.flatMap(({ question, found }) => {
    const gold = places.get(question.gold) ?? -1;
    const others = drawn(
      question.id,
      found.filter((place) => place !== gold && differs(passages, place, gold)),
    );
    return [gold, ...others].map((place, i): Pair => ({
      split: question.split,
      example: {
        id: `${question.id}/${place}`,
        text: question.text,
        pair: passages[place]?.text ?? '',
        label: Number(i === 0),
      },
    }));
  });
  const of = (split: Question['split']): readonly ClassificationExample[] =>
    pairs.filter((pair) => pair.split === split).map(({ example }) => example);
  return classificationTask({
    name: 'relevance',
    labels: ['other', relevant],
    load: () => Promise.resolve({ train: of('train'), validation: of('validation'), test: of('test') }),
  });
}

interface Pair {
  readonly split: Question['split'];
  readonly example: ClassificationExample;
}

/** The same verse may stand in two books. */
function differs(passages: readonly Passage[], place: number, gold: number): boolean {
  return passages[place]?.text !== passages[gold]?.text;
}

/** Hard ones and less hard ones alike: any of those that were found. */
function drawn(id: string, found: readonly number[]): readonly number[] {
  const random = randomStream(1, id);
  const left = [...found];
  return Array.from({ length: Math.min(NEGATIVES, left.length) }, () => {
    const [one] = left.splice(Math.floor(random() * left.length), 1);
    return one ?? -1;
  });
}
