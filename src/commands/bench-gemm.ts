import { seconds } from '../clock';
import { compile } from '../engine/compile';
import { upload } from '../engine/memory';
import { matmul } from '../engine/products';
import { tf, type Tensor } from '../engine/tf';
import type { Gemm } from './bench-messages';

/** GFLOP/s of the best product; the right side is frozen, as a backbone's matrix is in a step. */
export function gemmRate([m, k, n]: readonly [number, number, number], { seconds: limit, precision }: Gemm): number {
  const wave = (rows: number, columns: number): Tensor =>
    upload(
      Float32Array.from({ length: rows * columns }, (_, i) => Math.sin(i)),
      [rows, columns],
    );
  const [a, b] = [wave(m, k), wave(k, n)];
  const product = compile((x: Tensor) => matmul(x, b), 'compiled', precision === 'bf16' ? 'bfloat16' : 'float32');
  let best = Infinity;
  for (const end = seconds() + limit; seconds() < end;) {
    const start = seconds();
    product(a).dispose();
    best = Math.min(best, seconds() - start);
  }
  product.dispose();
  tf.dispose([a, b]);
  return (2 * m * k * n) / best / 1e9;
}
