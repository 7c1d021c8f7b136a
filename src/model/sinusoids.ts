import { upload } from '../engine/memory';
import type { Tensor } from '../engine/tf';

/**
 * Positions without a trained table, as Marian's (Vaswani et al. 2017, section 3.5): the sines of all speeds, then the
 * cosines. `[rows, width]`
 */
export function sinusoids(rows: number, width: number): Tensor {
  const half = Math.ceil(width / 2);
  const values = Float32Array.from({ length: rows * width }, (_, i) => {
    const [position, column] = [Math.floor(i / width), i % width];
    const pair = column < half ? column : column - half;
    const angle = position / 10000 ** ((2 * pair) / width);
    return column < half ? Math.sin(angle) : Math.cos(angle);
  });
  return upload(values, [rows, width]);
}
