import { parseMethod } from '../petl/design/written';
import { randomStream } from '../random';
import { classificationTask, type ClassificationExample, type ClassificationTask } from '../tasks/classification';
import type { Passage, Question } from '../tasks/collections/collection';
import type { TrainingJob } from '../training/job';
import { train } from '../training/train';
import { encoderName } from './embed';
import { relevant } from './rerank';

/** Changes whenever re-rankers that were trained by other code must be made anew. */
export const rerankerVersion = 'lora:r=16, 3 negatives, 1';

/** Passages that were found for a question and do not answer it, beside the one that does. */
const NEGATIVES = 3;
const METHOD = 'lora:r=16';

/** A question with what was found for it, by places. */
export interface Candidates {
  readonly question: Question;
  readonly found: readonly number[];
}

const training: TrainingJob['training'] = {
  examples: 'all',
  epochs: 1,
  batch: 32,
  accumulation: 1,
  maxLength: 96,
  learningRate: 1e-3,
  schedule: { kind: 'linear', warmup: 0.06 },
  optimizer: { beta1: 0.9, beta2: 0.98, epsilon: 1e-6, weightDecay: 0.01, clipNorm: 1 },
  dropout: 0.1,
  labelSmoothing: 0,
  scored: { validation: 'all', test: 0 },
  evaluations: 1,
  best: null,
  stop: null,
  from: null,
  precision: 'bfloat16',
  target: null,
};

/**
 * Trains the encoder with LoRA to tell whether a passage answers a question, both read together, by the project's own
 * trainer, and keeps it in `folder`.
 * @param progress is told how many steps are done, and the loss
 */
export async function trainReranker(
  folder: string,
  passages: readonly Passage[],
  candidates: readonly Candidates[],
  progress: (step: number, steps: number) => void,
): Promise<void> {
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
