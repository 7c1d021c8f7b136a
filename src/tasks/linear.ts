import { tf, type Tensor } from '../engine/tf';
import { metricNamed } from './metrics/metric';
import { wordsOf } from './overlap';
import type { ClassificationExample, ClassificationTask } from './classification';
import type { TaskData } from './task';

/** What a linear model answers: the predicted label of each test example, and how strongly its weights were held down. */
export interface LinearAnswers {
  readonly answers: readonly number[];
  readonly penalty: number;
}

/** Words and pairs of neighbouring words that occur in at least two training texts, the most frequent ones. */
const FEATURES = 4000;
const PENALTIES = [4e-4, 4e-3, 4e-2] as const;
/** Length of the vectors: Adam's usual steps of 0.001 then move the logits enough in the passes there are. */
const LENGTH = 20;
const PASSES = 60;

/**
 * What can be told without a transformer: multinomial logistic regression of TensorFlow's dense layer on TF-IDF vectors
 * of one length, from zero weights, the squared penalty chosen on validation by the task's metric.
 */
export async function linearAnswers(
  task: ClassificationTask,
  { train, validation, test }: TaskData<ClassificationExample>,
): Promise<LinearAnswers> {
  const features = vectoriser(train.map(textOf));
  const classes = task.labels.length;
  const [x, xv, xt] = [train, validation, test].map((part) => features(part.map(textOf))) as [Tensor, Tensor, Tensor];
  const y = tf.tidy(() =>
    tf.oneHot(
      tf.tensor1d(
        train.map(({ label }) => label),
        'int32',
      ),
      classes,
    ),
  );
  let best: (LinearAnswers & { readonly score: number }) | undefined;
  for (const penalty of PENALTIES) {
    const model = await fitted(x, y, penalty);
    const score = scoreOf(task.metric, answersOf(model.predict(xv) as Tensor), validation);
    if (best === undefined || score > best.score)
      best = { answers: answersOf(model.predict(xt) as Tensor), penalty, score };
    model.dispose();
  }
  tf.dispose([x, xv, xt, y]);
  return { answers: best?.answers ?? [], penalty: best?.penalty ?? 0 };
}

/** A task's metric of answered labels. */
export function scoreOf(
  metric: string,
  answers: readonly number[],
  examples: readonly ClassificationExample[],
): number {
  const right = examples.map(({ label }) => label);
  const { whole } = metricNamed(metric);
  return whole === undefined
    ? answers.filter((answer, i) => answer === right[i]).length / right.length
    : whole(answers, right);
}

async function fitted(x: Tensor, y: Tensor, penalty: number): Promise<ReturnType<typeof tf.sequential>> {
  const [, width] = x.shape as [number, number];
  const model = tf.sequential();
  model.add(
    tf.layers.dense({
      units: y.shape[1] as number,
      inputShape: [width],
      activation: 'softmax',
      kernelInitializer: 'zeros',
      kernelRegularizer: tf.regularizers.l2({ l2: penalty }),
    }),
  );
  model.compile({ optimizer: 'adam', loss: 'categoricalCrossentropy' });
  await model.fit(x, y, { epochs: PASSES, batchSize: 512, shuffle: false, verbose: 0 });
  return model;
}

function answersOf(probabilities: Tensor): readonly number[] {
  const best = tf.tidy(() => Array.from(tf.argMax(probabilities, 1).dataSync()));
  probabilities.dispose();
  return best;
}

function textOf({ text, pair }: ClassificationExample): string {
  return pair === null ? text : `${text} ${pair}`;
}

/** Texts as a matrix [texts, features]: 1 for each term it has, times ln(N / documents), of one length. */
function vectoriser(corpus: readonly string[]): (texts: readonly string[]) => Tensor {
  const documents = new Map<string, number>();
  for (const text of corpus) for (const term of termsOf(text)) documents.set(term, (documents.get(term) ?? 0) + 1);
  const kept = [...documents].filter(([, times]) => times > 1).sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  const places = new Map(
    kept.slice(0, FEATURES).map(([term, times], i) => [term, [i, Math.log(corpus.length / times)]]),
  );
  return (texts) => {
    const values = new Float32Array(texts.length * places.size);
    texts.forEach((text, row) => {
      const found = [...termsOf(text)].flatMap((term) => (places.get(term) ?? []) as readonly number[]);
      const weights = found.filter((_, i) => i % 2 === 1);
      const length = Math.sqrt(weights.reduce((sum, weight) => sum + weight ** 2, 0)) || 1;
      weights.forEach((weight, i) => {
        values[row * places.size + (found[2 * i] as number)] = (LENGTH * weight) / length;
      });
    });
    return tf.tensor2d(values, [texts.length, places.size]);
  };
}

function termsOf(text: string): ReadonlySet<string> {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+|[^\s\p{L}\p{N}]/gu) ?? [];
  return new Set([...wordsOf(text), ...words, ...words.slice(1).map((word, i) => `${words[i] ?? ''} ${word}`)]);
}
