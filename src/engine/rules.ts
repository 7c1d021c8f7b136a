import { dtypes, type OpAttr, type TypedValues } from './backend';

/** What is known of a value while a step is recorded; `values` only for constants. */
export interface Spec {
  readonly shape: readonly number[];
  readonly dtype: number;
  readonly values?: TypedValues;
}

/** An op about to be recorded. */
export interface Call {
  readonly op: string;
  readonly inputs: readonly Spec[];
  readonly outputs: number;
  attr(name: string): unknown;
}

type Rule = (call: Call) => readonly Spec[];

/** Shapes and dtypes of an op's outputs, without running it. Throws on an op that has no rule. */
export function infer(op: string, attrs: readonly OpAttr[], inputs: readonly Spec[], outputs: number): readonly Spec[] {
  const rule = rules[op];
  if (rule === undefined) {
    const given = attrs.map((a) => `${a.name}=${String(a.value)}`).join(', ');
    throw new Error(`no shape rule for op ${op} (${given}): add one to src/engine/rules.ts, or run with --eager`);
  }
  return rule({ op, inputs, outputs, attr: (name) => attrs.find((a) => a.name === name)?.value });
}

/** The ops that have a rule. */
export function ruled(): readonly string[] {
  return Object.keys(rules);
}

function input(call: Call, index: number): Spec {
  const spec = call.inputs[index];
  if (spec === undefined) throw new Error(`op ${call.op}: input ${index} is missing`);
  return spec;
}

function constant(call: Call, index: number): readonly number[] {
  const { values } = input(call, index);
  if (values === undefined)
    throw new Error(`op ${call.op}: input ${index} gives a shape and must be a constant inside a compiled step`);
  return Array.from(values, Number);
}

const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
const same: Rule = (call) => [{ shape: input(call, 0).shape, dtype: input(call, 0).dtype }];

/** NumPy broadcasting of two or more shapes. */
export function broadcast(op: string, shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(...shapes.map((s) => s.length));
  return Array.from({ length: rank }, (_, axis) =>
    shapes.reduce((extent, shape) => {
      const own = shape[axis - rank + shape.length] ?? 1;
      if (own !== 1 && extent !== 1 && own !== extent)
        throw new Error(`op ${op}: shapes [${shapes.join('] and [')}] do not broadcast`);
      return own === 1 ? extent : own;
    }, 1),
  );
}

const binary =
  (dtype?: number): Rule =>
  (call) => [
    { shape: broadcast(call.op, [input(call, 0).shape, input(call, 1).shape]), dtype: dtype ?? input(call, 0).dtype },
  ];

const reduction: Rule = (call) => {
  const { shape, dtype } = input(call, 0);
  const axes = new Set(constant(call, 1).map((a) => (a < 0 ? a + shape.length : a)));
  const keep = call.attr('keep_dims') === true;
  return [{ shape: shape.flatMap((n, i) => (axes.has(i) ? (keep ? [1] : []) : [n])), dtype }];
};

const argReduction: Rule = (call) => {
  const { shape } = input(call, 0);
  const [axis = 0] = constant(call, 1);
  return [
    {
      shape: shape.filter((_, i) => i !== (axis < 0 ? axis + shape.length : axis)),
      dtype: Number(call.attr('output_type') ?? dtypes.int64),
    },
  ];
};

const batchMatMul: Rule = (call) => {
  const a = input(call, 0),
    b = input(call, 1);
  const [m, k] = matrixOf(a.shape, call.attr('adj_x') === true);
  const [k2, n] = matrixOf(b.shape, call.attr('adj_y') === true);
  if (k !== k2) throw new Error(`op ${call.op}: inner sizes ${k} and ${k2} differ`);
  return [{ shape: [...broadcast(call.op, [a.shape.slice(0, -2), b.shape.slice(0, -2)]), m, n], dtype: a.dtype }];
};

const matMul: Rule = (call) => {
  const a = input(call, 0),
    b = input(call, 1);
  const [m, k] = matrixOf(a.shape, call.attr('transpose_a') === true);
  const [k2, n] = matrixOf(b.shape, call.attr('transpose_b') === true);
  if (k !== k2) throw new Error(`op ${call.op}: inner sizes ${k} and ${k2} differ`);
  return [{ shape: [m, n], dtype: a.dtype }];
};

function matrixOf(shape: readonly number[], transposed: boolean): [number, number] {
  const [rows, columns] = shape.slice(-2) as [number, number];
  return transposed ? [columns, rows] : [rows, columns];
}

const reshape: Rule = (call) => {
  const { shape, dtype, values } = input(call, 0);
  const wanted = constant(call, 1);
  const known = size(wanted.filter((n) => n >= 0));
  const full = wanted.map((n) => (n < 0 ? size(shape) / known : n));
  if (size(full) !== size(shape)) throw new Error(`op Reshape: [${shape}] does not hold as many values as [${full}]`);
  return [values === undefined ? { shape: full, dtype } : { shape: full, dtype, values }];
};

const gather: Rule = (call) => {
  const table = input(call, 0),
    indices = input(call, 1);
  const [axis = 0] = constant(call, 2);
  const batch = Number(call.attr('batch_dims') ?? 0);
  const at = axis < 0 ? axis + table.shape.length : axis;
  return [
    {
      shape: [...table.shape.slice(0, at), ...indices.shape.slice(batch), ...table.shape.slice(at + 1)],
      dtype: table.dtype,
    },
  ];
};

const concat: Rule = (call) => {
  const parts = call.inputs.slice(0, -1);
  const [axis = 0] = constant(call, call.inputs.length - 1);
  const { shape, dtype } = input(call, 0);
  const at = axis < 0 ? axis + shape.length : axis;
  return [
    { shape: shape.map((n, i) => (i === at ? parts.reduce((sum, p) => sum + (p.shape[at] ?? 0), 0) : n)), dtype },
  ];
};

const split: Rule = (call) => {
  const { shape, dtype } = input(call, 0);
  const [axis = 0] = constant(call, 2);
  const at = axis < 0 ? axis + shape.length : axis;
  return constant(call, 1).map((n) => ({ shape: shape.map((m, i) => (i === at ? n : m)), dtype }));
};

const slice: Rule = (call) => {
  const { shape, dtype } = input(call, 0);
  const begin = constant(call, 1);
  return [{ shape: constant(call, 2).map((n, i) => (n < 0 ? (shape[i] ?? 0) - (begin[i] ?? 0) : n)), dtype }];
};

const stridedSlice: Rule = (call) => {
  const { shape, dtype } = input(call, 0);
  const [begin, end, strides] = [constant(call, 1), constant(call, 2), constant(call, 3)];
  return [
    {
      shape: shape.map((n, i) =>
        i < begin.length ? Math.max(0, Math.ceil(((end[i] ?? n) - (begin[i] ?? 0)) / (strides[i] ?? 1))) : n,
      ),
      dtype,
    },
  ];
};

const pad: Rule = (call) => {
  const { shape, dtype } = input(call, 0);
  const margins = constant(call, 1);
  return [{ shape: shape.map((n, i) => n + (margins[2 * i] ?? 0) + (margins[2 * i + 1] ?? 0)), dtype }];
};

const transpose: Rule = (call) => {
  const { shape, dtype } = input(call, 0);
  return [{ shape: constant(call, 1).map((i) => shape[i] ?? 0), dtype }];
};

const tile: Rule = (call) => {
  const { shape, dtype } = input(call, 0);
  const times = constant(call, 1);
  return [{ shape: shape.map((n, i) => n * (times[i] ?? 1)), dtype }];
};

const cast: Rule = (call) => [{ shape: input(call, 0).shape, dtype: Number(call.attr('DstT')) }];
const select: Rule = (call) => [
  {
    shape: broadcast(
      call.op,
      call.inputs.map((i) => i.shape),
    ),
    dtype: input(call, 1).dtype,
  },
];
const fill: Rule = (call) => [{ shape: constant(call, 0), dtype: input(call, 1).dtype }];
const random: Rule = (call) => [{ shape: constant(call, 0), dtype: dtypes.float32 }];
const segmentSum: Rule = (call) => [
  {
    shape: [...constant(call, 2), ...input(call, 0).shape.slice(input(call, 1).shape.length)],
    dtype: input(call, 0).dtype,
  },
];
const scatterNd: Rule = (call) => [{ shape: constant(call, 2), dtype: input(call, 1).dtype }];
const oneHot: Rule = (call) => [
  { shape: [...input(call, 0).shape, ...constant(call, 1)], dtype: input(call, 2).dtype },
];
const range: Rule = (call) => {
  const [[start = 0], [limit = 0], [step = 1]] = [constant(call, 0), constant(call, 1), constant(call, 2)];
  return [{ shape: [Math.max(0, Math.ceil((limit - start) / step))], dtype: input(call, 0).dtype }];
};
const pack: Rule = (call) => {
  const { shape, dtype } = input(call, 0);
  const axis = Number(call.attr('axis') ?? 0);
  return [{ shape: [...shape.slice(0, axis), call.inputs.length, ...shape.slice(axis)], dtype }];
};
const unpack: Rule = (call) => {
  const { shape, dtype } = input(call, 0);
  const axis = Number(call.attr('axis') ?? 0);
  return Array.from({ length: call.outputs }, () => ({ shape: shape.filter((_, i) => i !== axis), dtype }));
};
const expandDims: Rule = (call) => {
  const { shape, dtype } = input(call, 0);
  const [axis = 0] = constant(call, 1);
  const at = axis < 0 ? axis + shape.length + 1 : axis;
  return [{ shape: [...shape.slice(0, at), 1, ...shape.slice(at)], dtype }];
};
const topK: Rule = (call) => {
  const { shape, dtype } = input(call, 0);
  const [k = 1] = constant(call, 1);
  const cut = [...shape.slice(0, -1), k];
  return [
    { shape: cut, dtype },
    { shape: cut, dtype: dtypes.int32 },
  ];
};

/** `[N, 1]` for `[N, d]` */
function rowsOf(call: Call): readonly number[] {
  return [input(call, 0).shape[0] ?? 0, 1];
}

/** Context and log mass: these axes of the queries, the width and room for the mass, or one number. */
function attended(axes: readonly number[]): Rule {
  return (call) => {
    const { shape, dtype } = input(call, 0);
    return [(shape[3] ?? 0) + (call.attr('second') as number), 1].map((last) => ({
      shape: [...axes.map((axis) => shape[axis] ?? 0), last],
      dtype,
    }));
  };
}

function each(ops: string, rule: Rule): Record<string, Rule> {
  return Object.fromEntries(ops.split(' ').map((op) => [op, rule]));
}

/** One line per kind of op; every op is compared with its eager run in `rules.test.ts`. */
const rules: Readonly<Record<string, Rule>> = {
  ...each(
    'Abs Ceil Cos DeepCopy Elu LeakyRelu Relu6 ReverseV2 Erf Exp Expm1 Floor Identity Log Log1p Neg OnesLike Reciprocal Relu Round Rsqrt Selu Sigmoid Sign Sin Softmax Softplus Sqrt Square StopGradient Tanh ZerosLike LogicalNot BiasAdd ReluGrad',
    same,
  ),
  ...each('IsNan IsInf IsFinite', (call) => [{ shape: input(call, 0).shape, dtype: dtypes.bool }]),
  ...each('Add FloorDiv FloorMod Maximum Minimum Mul Pow RealDiv SquaredDifference Sub Atan2 TanhGrad', binary()),
  ...each('Equal NotEqual Greater GreaterEqual Less LessEqual LogicalAnd LogicalOr', binary(dtypes.bool)),
  ...each('Sum Mean Max Min Prod All Any', reduction),
  ...each('ArgMax ArgMin', argReduction),
  BiasAddGrad: (call) => [{ shape: input(call, 0).shape.slice(-1), dtype: input(call, 0).dtype }],
  BatchMatMulV2: batchMatMul,
  MatMul: matMul,
  Reshape: reshape,
  GatherV2: gather,
  ConcatV2: concat,
  SplitV: split,
  Slice: slice,
  StridedSlice: stridedSlice,
  PadV2: pad,
  Transpose: transpose,
  Tile: tile,
  Cast: cast,
  Select: select,
  Fill: fill,
  StatelessRandomUniform: random,
  UnsortedSegmentSum: segmentSum,
  ScatterNd: scatterNd,
  OneHot: oneHot,
  Range: range,
  Pack: pack,
  Unpack: unpack,
  ExpandDims: expandDims,
  TopKV2: topK,
  Cumsum: same,
  Cumprod: same,
  SparseSoftmaxCrossEntropyWithLogits: (call) => [
    { shape: input(call, 1).shape, dtype: input(call, 0).dtype },
    { shape: input(call, 0).shape, dtype: input(call, 0).dtype },
  ],
  ...each(
    'PetlGelu PetlGeluGrad PetlLayerNormGrad PetlRmsNormGrad PetlGatedSilu PetlRotate PetlMaskedSoftmax PetlSoftmaxGrad PetlDropout PetlCrossEntropyGrad PetlPackedAttentionGrad',
    same,
  ),
  PetlLayerNorm: (call) =>
    [input(call, 0).shape, rowsOf(call), rowsOf(call)].map((shape) => ({ shape, dtype: input(call, 0).dtype })),
  PetlRmsNorm: (call) => [input(call, 0).shape, rowsOf(call)].map((shape) => ({ shape, dtype: input(call, 0).dtype })),
  PetlGatedSiluGrad: (call) => [0, 1].map(() => ({ shape: input(call, 1).shape, dtype: input(call, 1).dtype })),
  PetlAttention: attended([0, 1, 2]),
  PetlPackedAttention: attended([0, 2]),
  PetlAttentionGrad: (call) => [0, 1, 2].map((i) => ({ shape: input(call, i).shape, dtype: input(call, i).dtype })),
  PetlCrossEntropy: (call) => [0, 1].map(() => ({ shape: input(call, 1).shape, dtype: input(call, 0).dtype })),
  AdamStep: (call) => [0, 1, 2].map((i) => ({ shape: input(call, i).shape, dtype: input(call, i).dtype })),
};
