import type { Search } from './settings';

type Sampling = Extract<Search, { kind: 'sample' }>;

/** The highest score, the first of equals. */
export function bestOf(scores: Float32Array): number {
  let best = 0;
  for (let i = 1; i < scores.length; i++) if ((scores[i] as number) > (scores[best] as number)) best = i;
  return best;
}

/**
 * One token drawn from softmax(scores / temperature), of the k most likely and of the smallest set whose probabilities
 * reach p (nucleus sampling, Holtzman et al. 2020).
 * @param uniform a number in [0, 1)
 */
export function sample(scores: Float32Array, { temperature, topK, topP }: Sampling, uniform: number): number {
  const order = topK === 0 && topP === 1 ? undefined : mostLikely(scores, topK === 0 ? scores.length : topK);
  const count = order?.length ?? scores.length;
  const token = (i: number): number => (order === undefined ? i : (order[i] as number));
  const top = scores[order?.[0] ?? bestOf(scores)] as number;
  const shares = Float64Array.from({ length: count }, (_, i) =>
    Math.exp(((scores[token(i)] as number) - top) / temperature),
  );
  const kept = topP === 1 ? count : nucleus(shares, topP);
  const mass = shares.subarray(0, kept).reduce((a, b) => a + b, 0);
  let left = uniform * mass;
  for (let i = 0; i < kept; i++) {
    left -= shares[i] as number;
    if (left < 0) return token(i);
  }
  return token(kept - 1);
}

function mostLikely(scores: Float32Array, k: number): Int32Array {
  const order = Int32Array.from({ length: scores.length }, (_, i) => i);
  order.sort((a, b) => (scores[b] as number) - (scores[a] as number) || a - b);
  return order.subarray(0, Math.min(k, order.length));
}

/** How many of the leading shares reach p of their sum: at least one. */
function nucleus(shares: Float64Array, p: number): number {
  const wanted = p * shares.reduce((a, b) => a + b, 0);
  let sum = 0;
  for (let i = 0; i < shares.length; i++) {
    sum += shares[i] as number;
    if (sum >= wanted) return i + 1;
  }
  return shares.length;
}
