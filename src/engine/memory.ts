import { attrTypes, backend, dtypes, type Binding, type TensorMetadata, type TypedValues } from './backend';
import type { Tensor } from './tf';

/**
 * Makes a tensor whose memory TensorFlow owns. The binding may share the memory of a JavaScript array, and its
 * deallocator
 * runs on whichever thread lets go last; once such memory reaches a session, processes die. A DeepCopy between cures
 * it,
 * so every tensor that a program is fed comes from here.
 * @param values float32, int32, or 0/1 bytes for bool; length = product of `shape`
 */
export function upload(
  values: TypedValues,
  shape: readonly number[],
  dtype: 'float32' | 'int32' | 'bool' = dtypeOf(values),
): Tensor {
  return backend().createOutputTensor(ownedTensor(backend().binding, { values, shape, dtype: dtypes[dtype] }));
}

/** The same below tfjs: native id, shape and dtype. */
export function ownedTensor(binding: Binding, { values, shape, dtype }: Content): TensorMetadata {
  const shared = binding.createTensor(shape, dtype, values);
  const [owned] = binding.executeOp('DeepCopy', [{ name: 'T', type: attrTypes.type, value: dtype }], [shared], 1);
  binding.deleteTensor(shared);
  if (owned === undefined) throw new Error('DeepCopy returned no tensor');
  return owned;
}

interface Content {
  readonly values: TypedValues;
  readonly shape: readonly number[];
  readonly dtype: number;
}

function dtypeOf(values: TypedValues): 'float32' | 'int32' | 'bool' {
  if (values instanceof Float32Array) return 'float32';
  if (values instanceof Int32Array) return 'int32';
  return 'bool';
}

/** Tensors that live in TensorFlow and programs that are registered, for leak tests. */
export function live(): { readonly tensors: number; readonly programs: number } {
  const { binding } = backend();
  return { tensors: binding.getNumOfTensors(), programs: binding.getNumOfSavedModels() };
}
