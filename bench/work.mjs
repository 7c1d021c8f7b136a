// How much matrix work a training step cannot do without, counting real tokens alone.
import { readMethod } from './inputs.mjs';

const d = 384;
const f = 1536;
const layers = 6;

/**
 * GFLOP of one step over rows of these lengths: forward, gradients of hidden states above the lowest trained value,
 * gradients
 * of trained matrices. With the first-token head the last layer needs queries, output and FFN of the first tokens only.
 */
export function stepGflop(written, head, lengths) {
  const { name, options } = readMethod(written);
  const sum = (values) => values.reduce((a, b) => a + b, 0);
  const tokens = sum(lengths);
  const prefix = name === 'prefix' || name === 'mam' ? options.l : 0;
  let total = 0;
  for (let layer = 0; layer < layers; layer++) {
    const queries = layer === layers - 1 && head === 'first' ? lengths.map(() => 1) : lengths;
    const count = sum(queries);
    const keyValue = 2 * 2 * tokens * d * d;
    const queryOut = 2 * 2 * count * d * d;
    const ffn = 2 * 2 * count * d * f;
    const attention = 2 * 2 * d * sum(lengths.map((length, row) => queries[row] * (length + prefix)));
    const linear = keyValue + queryOut + ffn;
    total += linear + attention + backward({ name, layer, keyValue, queryOut, ffn, attention });
    if (name === 'full') total += linear;
    total += 3 * methodWork(name, options, tokens, count);
  }
  return total / 1e9;
}

/** Gradients of hidden states; in the lowest layer only those that lead to a trained value. */
function backward({ name, layer, keyValue, queryOut, ffn, attention }) {
  if (layer > 0 || name === 'full' || name === 'houlsby') return keyValue + queryOut + ffn + 2 * attention;
  if (name === 'pa-ffn') return 0;
  return queryOut / 2 + ffn + (name === 'lora' ? 2 : 1) * attention;
}

function methodWork(name, options, tokens, count) {
  const pair = (rows, r) => 2 * 2 * rows * d * r;
  switch (name) {
    case 'lora':
      return pair(count, options.r) + pair(tokens, options.r);
    case 'houlsby':
      return 2 * pair(count, options.m);
    case 'pa-ffn':
    case 'mam':
      return pair(count, options.r);
    default:
      return 0;
  }
}
