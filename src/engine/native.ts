import { attrTypes, backend } from './backend';
import type { Tensor } from './tf';

/** Numbers of an op's formula and its stream of randomness; see native/kernels.cc for what each op makes of them. */
export interface KernelAttributes {
  readonly first?: number;
  readonly second?: number;
  readonly stream?: number;
}

let wanted = process.env.PETL_KERNELS !== '0';

/**
 * Whether the project's own kernels (`native/`) are there: they are compiled at set-up, and where that could not be, or
 * with
 * PETL_KERNELS=0, layers run on TensorFlow's ops. Values agree to rounding; dropout draws other numbers.
 */
export function hasKernels(): boolean {
  return wanted && compiledKernels() > 0;
}

/** 0: none, 1: all in float32, 2: those that multiply in bfloat16, too, which needs a processor with units for it. */
export function compiledKernels(): number {
  return (backend().binding as { readonly petlKernels?: number }).petlKernels ?? 0;
}

/** Whether this op is among them: a library may have been compiled before the op was written. */
export function hasKernel(op: string): boolean {
  return hasKernels() && opNames().has(op);
}

let known: ReadonlySet<string> | undefined;

function opNames(): ReadonlySet<string> {
  return (known ??= new Set(((backend().binding as { readonly petlOps?: string }).petlOps ?? '').split(' ')));
}

let narrow = false;

/** Lets layers that `body` records round what they multiply to bfloat16. */
export function withNarrowKernels<X>(allowed: boolean, body: () => X): X {
  const before = narrow;
  narrow = allowed;
  try {
    return body();
  } finally {
    narrow = before;
  }
}

/** Whether a layer that is being recorded may multiply in bfloat16 by a kernel of its own. */
export function hasNarrowKernels(): boolean {
  return narrow && wanted && compiledKernels() > 1;
}

/** Runs `body` on TensorFlow's ops: what tests hold the kernels against. */
export function withoutKernels<X>(body: () => X): X {
  const before = wanted;
  wanted = false;
  try {
    return body();
  } finally {
    wanted = before;
  }
}

/** One of the ops of native/kernels.cc. */
export function kernel(op: string, inputs: readonly Tensor[], attributes: KernelAttributes = {}): Tensor {
  return kernels(op, inputs, attributes, 1)[0] as Tensor;
}

export function kernels(
  op: string,
  inputs: readonly Tensor[],
  { first = 0, second = 0, stream = 0 }: KernelAttributes,
  outputs: number,
): readonly Tensor[] {
  const attrs = [
    { name: 'first', type: attrTypes.float, value: first },
    { name: 'second', type: attrTypes.float, value: second },
    { name: 'stream', type: attrTypes.int, value: stream },
  ];
  return backend().executeMultipleOutputs(op, attrs, inputs, outputs);
}
