import { attrTypes, backend } from './backend';
import type { Tensor } from './tf';

/** Numbers of an op's formula and its stream of randomness; see native/kernels.cc for what each op makes of them. */
export interface KernelAttributes { readonly first?: number; readonly second?: number; readonly stream?: number }

let wanted = process.env.PETL_KERNELS !== '0';

/**
 * Whether the project's own kernels (`native/`) are there: they are compiled at set-up, and where that could not be, or with
 * PETL_KERNELS=0, layers run on TensorFlow's ops. Values agree to rounding; dropout draws other numbers.
 */
export function hasKernels(): boolean {
  return wanted && (backend().binding as { readonly petlKernels?: boolean }).petlKernels === true;
}

/** Runs `body` on TensorFlow's ops: what tests hold the kernels against. */
export function withoutKernels<X>(body: () => X): X {
  const before = wanted;
  wanted = false;
  try { return body(); } finally { wanted = before; }
}

/** One of the ops of native/kernels.cc. */
export function kernel(op: string, inputs: readonly Tensor[], attributes: KernelAttributes = {}): Tensor {
  return kernels(op, inputs, attributes, 1)[0] as Tensor;
}

export function kernels(op: string, inputs: readonly Tensor[], { first = 0, second = 0, stream = 0 }: KernelAttributes, outputs: number): readonly Tensor[] {
  const attrs = [
    { name: 'first', type: attrTypes.float, value: first }, { name: 'second', type: attrTypes.float, value: second },
    { name: 'stream', type: attrTypes.int, value: stream },
  ];
  return backend().executeMultipleOutputs(op, attrs, inputs, outputs);
}
