import { rawOp } from './backend';
import { withGradient } from './gradient';
import type { Tensor } from './tf';

/** a b with optional transposes, rank 2. */
export function matmul(a: Tensor, b: Tensor, transposeA = false, transposeB = false): Tensor {
  return withGradient([a, b], () => ({
    value: rawMatmul(a, b, transposeA, transposeB),
    gradient: (dy, [p, q]) => [
      transposeA ? rawMatmul(q, dy, transposeB, true) : rawMatmul(dy, q, false, !transposeB),
      transposeB ? rawMatmul(dy, p, true, transposeA) : rawMatmul(p, dy, !transposeA, false),
    ],
  }));
}

function rawMatmul(a: Tensor, b: Tensor, transposeA: boolean, transposeB: boolean): Tensor {
  return rawOp('MatMul', { transpose_a: transposeA, transpose_b: transposeB, T: 'float32' }, [a, b]);
}

/**
 * y = x W + b. MatMul and BiasAdd stand together so that TensorFlow fuses them.
 * @param x `[N, in]` @param weight `[in, out]` @param bias `[out]` @returns `[N, out]`
 */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  if (bias === undefined) return matmul(x, weight);
  return withGradient([x, weight, bias], () => ({
    value: rawOp('BiasAdd', { T: 'float32' }, [rawMatmul(x, weight, false, false), bias]),
    gradient: (dy, [p, w]) => [
      rawMatmul(dy, w, false, true),
      rawMatmul(p, dy, true, false),
      rawOp('BiasAddGrad', { T: 'float32' }, [dy]),
    ],
  }));
}
