import { upload } from '../../engine/memory';
import { tf, type Tensor } from '../../engine/tf';
import type { Target } from './names';
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

/** A stored tensor as the weight `target`: transposed, cut out or with its rotary pairs put apart, as that says. */
export function uploadTarget(stored: StoredTensor, { transpose, third, pairedHeads }: Target): Tensor {
  const values = uploadStored(stored);
  const { shape } = stored;
  if (!transpose && third === null) return values;
  const turned = tf.tidy(() => {
    if (third !== null) return slicedThird(values, third);
    if (pairedHeads === null) return tf.transpose(values);
    const [out, width] = shape as [number, number];
    const pairs = tf.reshape(values, [pairedHeads, out / pairedHeads / 2, 2, width]);
    return tf.reshape(tf.transpose(pairs, [3, 0, 2, 1]), [width, out]); // neighbours become halves
  });
  values.dispose();
  return turned;
}

function slicedThird(values: Tensor, third: number): Tensor {
  const { shape } = values;
  const columns = (shape[shape.length - 1] ?? 0) / 3;
  return tf.slice(values, [...shape.slice(0, -1).map(() => 0), third * columns], [...shape.slice(0, -1), columns]);
}
