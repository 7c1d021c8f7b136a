import { tf, type Tensor } from './tf';

/** What this project uses of tfjs-node's native binding. */
export interface Binding {
  createTensor(shape: readonly number[], dtype: number, values: TypedValues): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): TypedValues;
  executeOp(op: string, attrs: readonly OpAttr[], ids: readonly number[], outputs: number): TensorMetadata[];
  loadSavedModel(folder: string, tags: string): number;
  deleteSavedModel(id: number): void;
  runSavedModel(id: number, ids: readonly number[], inputs: string, outputs: string): TensorMetadata[];
  getNumOfSavedModels(): number;
  getNumOfTensors(): number;
  readonly TF_Version: string;
}

export type TypedValues = Float32Array | Int32Array | Uint8Array | BigInt64Array;

export interface TensorMetadata {
  readonly id: number;
  readonly shape: number[];
  readonly dtype: number;
}

export interface OpAttr {
  readonly name: string;
  /** One of `attrTypes`. */
  readonly type: number;
  readonly value: unknown;
}

/** TF_AttrType of the C API. */
export const attrTypes = { string: 0, int: 1, float: 2, bool: 3, type: 4, shape: 5 } as const;

/** TF_DataType of the C API, those that occur here. */
export const dtypes = {
  float32: 1,
  float64: 2,
  int32: 3,
  uint8: 4,
  string: 7,
  int64: 9,
  bool: 10,
  bfloat16: 14,
} as const;

interface TensorEntry {
  id: number;
  values: TypedValues | null;
  shape: number[];
  dtype: number;
}

/** tfjs-node's backend with the members that recording needs. */
export interface NodeBackend {
  binding: Binding;
  readonly tensorMap: { get(dataId: object): TensorEntry };
  /** How many tensors have this memory. */
  refCount(dataId: object): number;
  getInputTensorIds(tensors: readonly tf.TensorInfo[]): number[];
  move(dataId: object, values: TypedValues, shape: number[], dtype: string, refCount: number): void;
  createOutputTensor(metadata: TensorMetadata): Tensor;
  executeSingleOutput(op: string, attrs: readonly OpAttr[], inputs: readonly Tensor[]): Tensor;
  executeMultipleOutputs(op: string, attrs: readonly OpAttr[], inputs: readonly Tensor[], outputs: number): Tensor[];
}

export function backend(): NodeBackend {
  return tf.backend() as unknown as NodeBackend;
}

const attr = {
  bool: (name: string, value: boolean): OpAttr => ({ name, type: attrTypes.bool, value }),
  int: (name: string, value: number): OpAttr => ({ name, type: attrTypes.int, value }),
  type: (name: string, dtype: keyof typeof dtypes): OpAttr => ({ name, type: attrTypes.type, value: dtypes[dtype] }),
};

type Attrs = Readonly<Record<string, boolean | number | keyof typeof dtypes>>;

/**
 * Runs one TensorFlow op by name, outside tfjs's kernels and its gradient tape; type attributes are given as dtype
 * names.
 */
export function rawOp(op: string, attrs: Attrs, inputs: readonly Tensor[]): Tensor {
  return backend().executeSingleOutput(op, typedAttrs(attrs), inputs);
}

/**
 * One op of float32 tensors in double precision, which tfjs has no tensors of: cast, run, and cast back between handles
 * of the binding. @param attrs without `T`
 */
export function inDouble(op: string, attrs: Attrs, inputs: readonly Tensor[], outputs: number): Tensor[] {
  const { binding } = backend();
  const held: number[] = [];
  const run = (name: string, own: Attrs, ids: readonly number[], count: number): readonly TensorMetadata[] => {
    const made = binding.executeOp(name, typedAttrs(own), ids, count);
    held.push(...made.map(({ id }) => id));
    return made;
  };
  const cast = (id: number, from: keyof typeof dtypes, to: keyof typeof dtypes): TensorMetadata =>
    run('Cast', { SrcT: from, DstT: to, Truncate: false }, [id], 1)[0] as TensorMetadata;
  try {
    const wide = inputs.map((input) => cast(tensorId(input), 'float32', 'float64').id);
    const made = run(op, { ...attrs, T: 'float64' }, wide, outputs);
    return made.map(({ id }) => {
      const narrow = cast(id, 'float64', 'float32');
      held.pop(); // the tensor's from here on
      return backend().createOutputTensor(narrow);
    });
  } finally {
    for (const id of held) binding.deleteTensor(id);
  }
}

function typedAttrs(attrs: Attrs): OpAttr[] {
  return Object.entries(attrs).map(([name, value]) => {
    if (typeof value === 'boolean') return attr.bool(name, value);
    return typeof value === 'number' ? attr.int(name, value) : attr.type(name, value);
  });
}

/** The native id of a tensor, uploading values that tfjs still holds in JavaScript. */
export function tensorId(tensor: tf.TensorInfo): number {
  return backend().getInputTensorIds([tensor])[0] as number;
}
