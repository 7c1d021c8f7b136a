import { checked } from './classification';

/** e to the mean negative log-likelihood of a token. @param sums nats of each text @param tokens of each text */
export function perplexity(sums: ArrayLike<number>, tokens: ArrayLike<number>): number {
  const count = checked(sums, tokens);
  let [nats, all] = [0, 0];
  for (let item = 0; item < count; item++) {
    nats += sums[item] ?? NaN;
    all += tokens[item] ?? NaN;
  }
  return Math.exp(nats / all);
}
