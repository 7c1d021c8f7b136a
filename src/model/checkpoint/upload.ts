import { upload } from '../../engine/memory';
import { tf, type Tensor } from '../../engine/tf';
import type { Piece, Target } from './names';
import type { StoredTensor } from './stored';

/** Values read at a time: JavaScript never holds more of a model than this. */
const CHUNK = 1 << 22;

/** A stored tensor as TensorFlow's own, as it is stored. */
function uploadStored({ shape, read }: StoredTensor): Tensor {
  const rows = shape[0] ?? 1;
  const width = shape.slice(1).reduce((a, b) => a * b, 1);
  const step = Math.max(1, Math.floor(CHUNK / width));
  if (rows <= step) return upload(read(0, rows), shape);
  const parts: Tensor[] = [];
  for (let from = 0; from < rows; from += step) {
    const to = Math.min(from + step, rows);
    parts.push(upload(read(from, to), [to - from, ...shape.slice(1)]));
  }
  const whole = tf.concat(parts, 0);
  tf.dispose(parts);
  return whole;
}

/**
 * A stored tensor as the weight `target`: cut out, transposed, moved or with its rotary pairs put apart, as that says.
 * @param fused columns of each piece, and heads, where the tensor holds several weights
 */
export function uploadTarget(
  stored: StoredTensor,
  { transpose, piece, pairedHeads, plus }: Target,
  fused: Fused,
): Tensor {
  const values = uploadStored(stored);
  const { shape } = stored;
  if (!transpose && piece === null && plus === 0) return values;
  const turned = tf.tidy(() => {
    if (plus !== 0) return tf.add(values, plus);
    const own = piece === null ? values : cutOut(values, piece, transpose ? 0 : values.rank - 1, fused);
    if (!transpose) return own;
    if (pairedHeads === null) return tf.transpose(own);
    const [out, width] = shape as [number, number];
    const pairs = tf.reshape(values, [pairedHeads, out / pairedHeads / 2, 2, width]);
    return tf.reshape(tf.transpose(pairs, [3, 0, 2, 1]), [width, out]); // neighbours become halves
  });
  values.dispose();
  return turned;
}

/** Where the pieces of a fused tensor stand. */
export interface Fused {
  readonly widths: readonly number[];
  readonly heads: number;
}

/** One piece along an axis. */
function cutOut(values: Tensor, { index, names, byHead }: Piece, axis: number, { widths, heads }: Fused): Tensor {
  const { shape } = values;
  const along = (size: number): number[] => shape.map((whole, i) => (i === axis ? size : whole));
  if (!byHead) return tf.split(values, [...widths], axis)[index] as Tensor;
  const width = widths[index] as number;
  const [before, after] = [shape.slice(0, axis), shape.slice(axis + 1)];
  const split = tf.reshape(values, [...before, heads, names.length, width / heads, ...after]);
  return tf.reshape(tf.unstack(split, axis + 1)[index] as Tensor, along(width));
}
