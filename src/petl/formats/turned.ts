import { speedsOf } from '../../model/rope';
import type { ModelShape } from '../../model/shape';
import type { Values } from './values';

/**
 * Keys `[l, heads * dh]` turned by the model's rotary positions as if they stood at `position`; the same where there
 * are none.
 * A query at p + l meets unturned keys as one at p meets those turned by -l: (R_{p+l} q) k = (R_p q) (R_{-l} k).
 */
export function turned({ shape, values }: Values, model: ModelShape, position: number): Values {
  if (model.positions.kind !== 'rotary') return { shape, values };
  const { base, pairs, scaling, columns } = model.positions;
  const width = model.headWidth;
  const speeds = speedsOf(base, columns === 'all' ? width : columns, scaling);
  const half = speeds.length;
  const made = Float32Array.from(values);
  for (let head = 0; head < values.length; head += width) {
    for (let j = 0; j < half; j++) {
      const angle = position * (speeds[j] as number);
      const [a, b] = pairs === 'half' ? [head + j, head + j + half] : [head + 2 * j, head + 2 * j + 1];
      const [x, y] = [values[a] as number, values[b] as number];
      made[a] = x * Math.cos(angle) - y * Math.sin(angle);
      made[b] = x * Math.sin(angle) + y * Math.cos(angle);
    }
  }
  return { shape, values: made };
}
