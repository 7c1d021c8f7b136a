import { randomFrom, shuffled } from '../../random';
import { classificationTask, type ClassificationTask } from '../classification';
import { sentiment } from './sentiment';

/**
 * The control: the same texts with training labels dealt out at random. Whatever a method scores above chance here, it
 * did not learn.
 */
export const shuffledSentiment: ClassificationTask = classificationTask({
  ...sentiment,
  name: 'sentiment-shuffled',
  about: 'sentiment with training labels shuffled: a control that must stay at chance',
  print: {
    train: { count: 7185, hash: 'f12c1cb007f9beed' },
    validation: { count: 955, hash: 'd63631be3241ca09' },
    test: { count: 1900, hash: 'e51d493c2ae77519' },
  },
  load: async () => {
    const { train, ...scored } = await sentiment.load();
    const labels = shuffled(
      train.map(({ label }) => label),
      randomFrom(0),
    );
    return { ...scored, train: train.map((example, i) => ({ ...example, label: labels[i] as number })) };
  },
});
