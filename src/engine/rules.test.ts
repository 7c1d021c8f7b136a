import { rotate } from '../model/rotary';
import { describe, expect, it } from 'vitest';
import { compile } from './compile';
import { backend, rawOp, type Binding, type TensorMetadata } from './backend';
import { upload } from './memory';
import { withNarrowKernels, withoutKernels } from './native';
import { dropout, noise } from './random';
import { infer, ruled, type Spec } from './rules';
import { tf, type Tensor } from './tf';
import * as layers from './layers';
import { smoothedCrossEntropy } from './loss';

const x = (): Tensor =>
  upload(
    Float32Array.from({ length: 24 }, (_, i) => Math.sin(i) + 1.2),
    [2, 3, 4],
  );
const m = (): Tensor =>
  upload(
    Float32Array.from({ length: 12 }, (_, i) => Math.cos(i)),
    [3, 4],
  );
const rows = (): Tensor => upload(new Int32Array([2, 0, 1, 2]), [4]);

const seeded = () => noise(tf.tensor1d([3, 7], 'int32'));
const wide = (shape: readonly number[]): Tensor =>
  tf.reshape(
    tf.cos(
      tf.range(
        0,
        shape.reduce((p, q) => p * q, 1),
      ),
    ),
    [...shape],
  );
const slope = (f: (y: Tensor) => Tensor, y: Tensor): Tensor => tf.grad((z) => tf.sum(f(z)))(y);
const attended = (y: Tensor, mass: boolean): Tensor =>
  layers.attend({ queries: y, keys: y, values: y, mask: tf.zeros([1, 1, 1, 8]) }, undefined, mass);

/**
 * Every op that a step may record, through the tfjs function that issues it; TensorFlow's eager run is the reference.
 */
const table: Readonly<Record<string, (a: Tensor, b: Tensor, i: Tensor) => Tensor | Tensor[]>> = {
  abs: (a) => tf.abs(a),
  ceil: (a) => tf.ceil(a),
  cos: (a) => tf.cos(a),
  elu: (a) => tf.elu(a),
  erf: (a) => tf.erf(a),
  exp: (a) => tf.exp(a),
  expm1: (a) => tf.expm1(a),
  floor: (a) => tf.floor(a),
  log: (a) => tf.log(a),
  log1p: (a) => tf.log1p(a),
  neg: (a) => tf.neg(a),
  onesLike: (a) => tf.onesLike(a),
  reciprocal: (a) => tf.reciprocal(a),
  relu: (a) => tf.relu(a),
  round: (a) => tf.round(a),
  rsqrt: (a) => tf.rsqrt(a),
  selu: (a) => tf.selu(a),
  sigmoid: (a) => tf.sigmoid(a),
  sign: (a) => tf.sign(a),
  sin: (a) => tf.sin(a),
  softmax: (a) => tf.softmax(a),
  softplus: (a) => tf.softplus(a),
  sqrt: (a) => tf.sqrt(a),
  square: (a) => tf.square(a),
  tanh: (a) => tf.tanh(a),
  zerosLike: (a) => tf.zerosLike(a),
  isNaN: (a) => tf.isNaN(a),
  logicalNot: (a) => tf.logicalNot(tf.greater(a, 1)),
  add: (a, b) => tf.add(a, b),
  sub: (a, b) => tf.sub(a, b),
  mul: (a, b) => tf.mul(a, b),
  div: (a, b) => tf.div(a, b),
  divNoNan: (a, b) => tf.divNoNan(a, b),
  maximum: (a, b) => tf.maximum(a, b),
  minimum: (a, b) => tf.minimum(a, b),
  pow: (a) => tf.pow(a, 2),
  mod: (a, b) => tf.mod(a, b),
  floorDiv: (a, b) => tf.floorDiv(a, b),
  squaredDifference: (a, b) => tf.squaredDifference(a, b),
  equal: (a, b) => tf.equal(a, b),
  notEqual: (a, b) => tf.notEqual(a, b),
  greater: (a, b) => tf.greater(a, b),
  greaterEqual: (a, b) => tf.greaterEqual(a, b),
  less: (a, b) => tf.less(a, b),
  lessEqual: (a, b) => tf.lessEqual(a, b),
  and: (a) => tf.logicalAnd(tf.greater(a, 1), tf.less(a, 2)),
  or: (a) => tf.logicalOr(tf.greater(a, 1), tf.less(a, 2)),
  sum: (a) => tf.sum(a, 1),
  sumAll: (a) => tf.sum(a),
  sumKeep: (a) => tf.sum(a, [0, 2], true),
  mean: (a) => tf.mean(a, -1, true),
  max: (a) => tf.max(a, 2),
  min: (a) => tf.min(a, 0),
  prod: (a) => tf.prod(a, 2),
  all: (a) => tf.all(tf.greater(a, 1), 2),
  any: (a) => tf.any(tf.greater(a, 1), 1),
  argMax: (a) => tf.argMax(a, 2),
  argMin: (a) => tf.argMin(a, 0),
  batchMatMul: (a) => tf.matMul(a, a, false, true),
  broadcastMatMul: (a, b) => tf.matMul(a, tf.expandDims(b, 0), false, true),
  matMul: (_a, b) => layers.matmul(b, b, true),
  linear: (_a, b) => layers.linear(b, tf.transpose(b), tf.slice(b, [0, 0], [1, 3]).flatten()),
  reshape: (a) => tf.reshape(a, [4, -1]),
  gather: (_a, b, i) => layers.gatherRows(b, i),
  concat: (a) => tf.concat([a, a], 1),
  split: (a) => tf.split(a, [1, 3], 2),
  slice: (a) => tf.slice(a, [0, 1, 1], [2, -1, 2]),
  stridedSlice: (a) => tf.stridedSlice(a, [0, 0, 0], [2, 3, 4], [1, 2, 3]),
  pad: (a) =>
    tf.pad(a, [
      [0, 0],
      [1, 2],
      [0, 3],
    ]),
  transpose: (a) => tf.transpose(a, [2, 0, 1]),
  tile: (a) => tf.tile(a, [1, 2, 3]),
  cast: (a) => tf.cast(a, 'int32'),
  where: (a, b) => tf.where(tf.greater(a, 1), a, tf.add(tf.zerosLike(a), b)),
  fill: () => tf.fill([2, 2], 3),
  oneHot: (_a, _b, i) => layers.oneHot(i, 3),
  segmentSum: (_a, b, i) => tf.unsortedSegmentSum(tf.concat([b, b], 0).slice([0, 0], [4, 4]), i as tf.Tensor1D, 3),
  range: () => tf.range(0, 5),
  stack: (a) => tf.stack([a, a], 1),
  unstack: (a) => tf.unstack(a, 1),
  expandDims: (a) => tf.expandDims(a, -1),
  squeeze: (a) => tf.squeeze(tf.expandDims(a, 0), [0]),
  topk: (a) => {
    const { values, indices } = tf.topk(a, 2);
    return [values, indices];
  },
  cumsum: (a) => tf.cumsum(a, 2),
  reverse: (a) => tf.reverse(a, 1),
  relu6: (a) => tf.relu6(a),
  leakyRelu: (a) => tf.leakyRelu(a),
  clip: (a) => tf.clipByValue(a, 1, 1.5),
  logSumExp: (a) => layers.logSumExp(a),
  crossEntropy: (_a, b, i) => smoothedCrossEntropy(b, tf.slice(i, [0], [3]), 0.1),
  scatter: (_a, b, i) => tf.scatterND(tf.expandDims(i, 1), tf.concat([b, b], 0).slice([0, 0], [4, 4]), [3, 4]),
  isInf: (a) => tf.isInf(a),
  isFinite: (a) => tf.isFinite(a),
  atan2: (a, b) => tf.atan2(a, b),
  cumprod: (a) => tf.cumprod(a, 2),
  detach: (a) => layers.detach(a),
  identity: (a) => rawOp('Identity', { T: 'float32' }, [a]),
  reluGrad: (a) => slope(layers.relu, a),
  tanhGrad: (a) => slope(layers.tanh, a),
  biasAddGrad: (_a, b) => slope((bias) => layers.linear(b, tf.transpose(b), bias), tf.ones([3])),
  geluGrad: (a) => slope(layers.gelu, a),
  layerNormGrad: (_a, b) => slope((y) => layers.layerNorm(y, tf.cos(tf.range(0, 4)), tf.ones([4]), 1e-5), b),
  rmsNormGrad: (_a, b) => slope((y) => layers.rmsNorm(y, tf.cos(tf.range(0, 4)), 1e-5), b),
  gatedSiluGrad: (_a, b) => slope((y) => layers.gatedSilu(y, tf.cos(y)), b),
  rotateGrad: (_a, b) => {
    const [cos, sin] = [tf.ones([3, 1, 2]), tf.zeros([3, 1, 2])];
    return slope((y) => rotate(y, 2, { cos, sin, back: sin, pairs: 'half' }), b);
  },
  dropout: (a) => dropout(a, 0.4, seeded()),
  dropoutByOps: (a) => withoutKernels(() => dropout(a, 0.4, seeded())),
  crossEntropyGrad: (_a, b, i) => slope((y) => smoothedCrossEntropy(y, tf.slice(i, [0], [3]), 0.1), b),
  crossEntropyByOps: (_a, b, i) => withoutKernels(() => smoothedCrossEntropy(b, tf.slice(i, [0], [3]), 0.1)),
  attendGrad: () => slope((y) => attended(y, false), wide([1, 2, 8, 32])),
  attendByOneKernelGrad: () => withNarrowKernels(true, () => slope((y) => attended(y, true), wide([1, 2, 8, 32]))),
  attendPackedGrad: () =>
    withNarrowKernels(true, () =>
      slope(
        (all) => layers.attendPacked({ all, last: tf.tensor1d([4, 7], 'int32') }, undefined, true),
        wide([8, 3, 2, 32]),
      ),
    ),
};

/** Runs the body op by op and holds each op's rule against what TensorFlow made; the ops that ran. */
function opsOf(body: () => void): ReadonlySet<string> {
  const ran = new Set<string>();
  const node = backend();
  const real = node.binding;
  const specOf = (id: number): Spec => {
    const [{ id: copy, shape, dtype }] = real.executeOp('Identity', [], [id], 1) as [TensorMetadata];
    const values = real.tensorDataSync(copy);
    real.deleteTensor(copy);
    return { shape, dtype, values };
  };
  const executeOp: Binding['executeOp'] = (op, attrs, ids, outputs) => {
    const specs = infer(op, attrs, ids.map(specOf), outputs);
    const made = real.executeOp(op, attrs, ids, outputs);
    expect(
      specs.map(({ shape, dtype }) => ({ shape, dtype })),
      op,
    ).toEqual(made.map(({ shape, dtype }) => ({ shape, dtype })));
    ran.add(op);
    return made;
  };
  node.binding = Object.create(real, { executeOp: { value: executeOp } }) as Binding;
  try {
    tf.tidy(body);
  } finally {
    node.binding = real;
  }
  return ran;
}

describe('shape rules', () => {
  it('one by one give the shapes and dtypes of the ops that they stand for', () => {
    const ran = opsOf(() => {
      for (const f of Object.values(table)) f(x(), m(), rows());
    });
    // AdamStep exists while a step is recorded alone: the graph says ApplyAdam (adam.ts)
    expect(ruled().filter((op) => !ran.has(op))).toEqual(['AdamStep']);
  });

  it.each(Object.entries(table))('%s: recorded shapes and values equal the eager ones', (_, f) => {
    const inputs: [Tensor, Tensor, Tensor] = [x(), m(), rows()];
    const step = (a: Tensor, b: Tensor, i: Tensor): Tensor[] => [f(a, b, i)].flat();
    const shapes: (readonly number[])[] = [];
    const recorded = compile((a: Tensor, b: Tensor, i: Tensor) => {
      const out = step(a, b, i);
      shapes.push(...out.map((t) => t.shape));
      return out;
    });
    const [fast, slow] = [recorded(...inputs), compile(step, 'eager')(...inputs)];
    expect(shapes).toEqual(slow.map((t) => t.shape));
    expect(fast.map((t) => [t.shape, t.dtype])).toEqual(slow.map((t) => [t.shape, t.dtype]));
    fast.forEach((t, i) => {
      expect([...t.dataSync()]).toEqual([...(slow[i] as Tensor).dataSync()].map((v) => expect.closeTo(v, 5)));
    });
    recorded.dispose();
    tf.dispose([inputs, fast, slow]);
  });

  it('name an op that has no rule', () => {
    expect(() => infer('Unheard', [{ name: 'T', type: 4, value: 1 }], [], 1)).toThrow(
      /no shape rule for op Unheard \(T=1\)/,
    );
  });

  it('name the op whose value a step reads', () => {
    const step = compile((a: Tensor) => tf.mul(a, tf.exp(a).dataSync()[0] ?? 0));
    expect(() => step(x())).toThrow(/reads the value of Exp/);
  });

  it('leave the backend as it was after an error', () => {
    const before = backend().binding;
    expect(() =>
      compile((a: Tensor) => {
        throw new Error(`bad ${a.shape}`);
      })(x()),
    ).toThrow('bad 2,3,4');
    expect(backend().binding).toBe(before);
    expect(tf.add(1, 2).dataSync()[0]).toBe(3);
  });
});
