import { attrTypes, backend, dtypes, rawOp, type OpAttr } from './backend';
import type { Edge, Graph, GraphNode } from './graph';
import { hasKernel, kernel } from './native';
import { isRecording } from './record';
import { tf, type Tensor } from './tf';

/** A weight with its moments. */
export type Moments = { readonly w: Tensor; readonly m: Tensor; readonly v: Tensor };

/**
 * The factors of Adam in float32, as both paths below use them; beta itself rounds, and so does what it leaves over.
 */
export function takes(beta: number): { readonly keep: number; readonly take: number } {
  const keep = Math.fround(beta);
  return { keep, take: Math.fround(1 - keep) };
}

/**
 * m <- keep1 m + take1 g, v <- keep2 v + take2 g^2, w <- w - size m / (sqrt(v) + epsilon), one pass over memory when
 * recorded.
 * @param size scalar step size with bias corrections @param epsilon scalar
 */
export function adamStep(
  { w, m, v }: Moments,
  g: Tensor,
  scalars: { readonly size: Tensor; readonly epsilon: Tensor },
  betas: readonly [number, number],
): Moments {
  const [one, two] = betas.map(takes) as [ReturnType<typeof takes>, ReturnType<typeof takes>];
  if (isRecording()) {
    const inputs = [w, m, v, scalars.size, tf.scalar(one.keep), tf.scalar(two.keep), scalars.epsilon, g];
    const [nextW, nextM, nextV] = backend().executeMultipleOutputs(
      'AdamStep',
      [{ name: 'T', type: attrTypes.type, value: dtypes.float32 }],
      inputs,
      3,
    );
    return { w: nextW as Tensor, m: nextM as Tensor, v: nextV as Tensor };
  }
  const mean = tf.add(m, tf.mul(tf.sub(g, m), one.take));
  const square = tf.add(v, tf.mul(tf.sub(tf.square(g), v), two.take));
  return {
    w: tf.sub(w, tf.mul(tf.div(mean, tf.add(tf.sqrt(square), scalars.epsilon)), scalars.size)),
    m: mean,
    v: square,
  };
}

/** Whether `adamInPlace` is there; without it a step makes new tensors. */
export function canAdamInPlace(): boolean {
  return hasKernel('PetlAdam');
}

/**
 * The same step where weight and moments stand: the tensors given are taken over, and what comes back is they, but for
 * those whose memory another tensor shares. The numbers are those of `adamStep`, to the bit.
 * @param scalars float `[3]`: what the weight is multiplied by first where it decays, step size, epsilon
 * @param factor scalar that the gradient is multiplied by
 */
export function adamInPlace(
  state: Moments,
  g: Tensor,
  { scalars, factor }: { readonly scalars: Tensor; readonly factor: Tensor },
  { betas: [one, two], decays }: { readonly betas: readonly [number, number]; readonly decays: boolean },
): Moments {
  const own = { w: unshared(state.w), m: unshared(state.m), v: unshared(state.v) };
  const attributes = { first: takes(one).keep, second: takes(two).keep, stream: decays ? 1 : 0 };
  kernel('PetlAdam', [own.w, own.m, own.v, g, scalars, factor], attributes).dispose();
  return own;
}

/** The tensor itself where nobody else reads its memory, else a copy in its place. */
function unshared(tensor: Tensor): Tensor {
  if (backend().refCount(tensor.dataId) === 1) return tensor;
  const copy = rawOp('DeepCopy', { T: 'float32' }, [tensor]);
  tensor.dispose();
  return copy;
}

const parts = ['w', 'm', 'v'] as const;

/**
 * Writes each recorded AdamStep as TensorFlow's ApplyAdam, which changes reference variables in place: temporary ones,
 * filled
 * from the fed state and read back once the update is done. A program stays a pure function.
 */
export function expandAdam(graph: Graph): Graph {
  const steps = new Map(graph.nodes.filter(({ op }) => op === 'AdamStep').map((node) => [node.name, node]));
  if (steps.size === 0) return graph;
  const rename = (edge: Edge): Edge =>
    steps.has(edge.node) ? { node: `${edge.node}/${parts[edge.port] as string}`, port: 0 } : edge;
  const nodes = graph.nodes.flatMap((node) => {
    const renamed = { ...node, inputs: node.inputs.map(rename) };
    return steps.has(node.name) ? expand(renamed, shapeOf(node)) : [renamed];
  });
  return { ...graph, nodes, outputs: graph.outputs.map(rename) };
}

function shapeOf({ name, shapes }: GraphNode): readonly number[] {
  const shape = shapes?.[0];
  if (shape === undefined) throw new Error(`node ${name} does not know its shape`);
  return shape;
}

function expand({ name, inputs }: GraphNode, shape: readonly number[]): GraphNode[] {
  const dtype = { name: 'dtype', type: attrTypes.type, value: dtypes.float32 };
  const type = { ...dtype, name: 'T' };
  const flag = (key: string, value: boolean): OpAttr => ({ name: key, type: attrTypes.bool, value });
  const variable = (part: string): OpAttr => ({ name: 'var_name', type: attrTypes.string, value: `${name}/${part}` });
  const at = (node: string): Edge => ({ node: `${name}/${node}`, port: 0 });
  const zero: GraphNode = {
    name: `${name}/zero`,
    op: 'Const',
    attrs: [],
    inputs: [],
    value: { values: new Float32Array(1), shape: [], dtype: dtypes.float32 },
  };
  const set = parts.flatMap((part, i): GraphNode[] => [
    {
      name: `${name}/${part}/ref`,
      op: 'TemporaryVariable',
      attrs: [dtype, { name: 'shape', type: attrTypes.shape, value: shape }, variable(part)],
      inputs: [],
    },
    {
      name: `${name}/${part}/set`,
      op: 'Assign',
      attrs: [type, flag('validate_shape', true), flag('use_locking', false)],
      inputs: [at(`${part}/ref`), inputs[i] as Edge],
    },
  ]);
  const apply: GraphNode = {
    name: `${name}/apply`,
    op: 'ApplyAdam',
    attrs: [type, flag('use_locking', false), flag('use_nesterov', false)],
    // bias corrections are in the step size already: powers 0
    inputs: [...parts.map((part) => at(`${part}/set`)), at('zero'), at('zero'), ...inputs.slice(3)],
  };
  const read = parts.map((part): GraphNode => ({
    name: `${name}/${part}`,
    op: 'DestroyTemporaryVariable',
    attrs: [type, variable(part)],
    inputs: [part === 'w' ? at('apply') : at(`${part}/set`)],
    ...(part === 'w' ? {} : { after: `${name}/apply` }),
  }));
  return [zero, ...set, apply, ...read];
}
