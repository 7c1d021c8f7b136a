import {
  attrTypes,
  backend,
  dtypes,
  type Binding,
  type OpAttr,
  type TensorMetadata,
  type TypedValues,
} from './backend';
import type { Edge, GraphNode, Placeholder, Recording } from './graph';
import { ownedTensor } from './memory';
import { castAttrs } from './narrow';
import { infer, type Spec } from './rules';
import { tf, type Tensor } from './tf';

let recording = 0;

/** Whether a step is being recorded: its tensors have no values. */
export function isRecording(): boolean {
  return recording > 0;
}

/**
 * Records one call of `step` without computing anything. tfjs's kernels reach TensorFlow only through the binding's
 * `executeOp`, `createTensor` and `tensorDataSync`, and take back no more than id, shape and dtype; the recorder
 * answers
 * with ids below zero and inferred shapes, and notes each op as a node. tfjs deletes only ids >= 0, so `tf.tidy` and
 * the
 * gradient tape work as they do eagerly.
 * @param inputs tensors that `step` is called with; only their shapes and dtypes are used
 */
export function record(step: (inputs: Tensor[]) => Tensor[], inputs: readonly Tensor[]): Recording {
  const recorder = new Recorder();
  let recording: Recording | undefined;
  recorder.during(() => {
    tf.tidy(() => {
      recording = recorder.finish(step(inputs.map((t) => recorder.placeholder(t))));
    });
  });
  if (recording === undefined) throw new Error('nothing was recorded');
  return recording;
}

/** The value of a recorded id: where it comes from and what is known of it. */
interface Known {
  readonly edge: Edge;
  readonly spec: Spec;
  readonly op: string;
}

/** Kernels of tfjs-node that leave the type of their first input to eager inference; a graph must state it. */
const inferred = new Set(['ExpandDims', 'Squeeze']);

function complete(op: string, attrs: readonly OpAttr[], inputs: readonly Known[]): readonly OpAttr[] {
  const [first] = inputs;
  if (!inferred.has(op) || first === undefined || attrs.some((a) => a.name === 'T')) return attrs;
  return [...attrs, { name: 'T', type: attrTypes.type, value: first.spec.dtype }];
}

/** Axes, shapes and factors: a training step names some of them a thousand times. Long values are not compared. */
function constantKey({ values, shape, dtype }: Required<Spec>): string | undefined {
  if (values.length > 16) return undefined;
  const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  return `${dtype} [${shape.join()}] ${bytes.toString('hex')}`;
}

class Recorder {
  private readonly nodes: GraphNode[] = [];
  private readonly inputs: Placeholder[] = [];
  private readonly known = new Map<number, Known>();
  private readonly captured: number[] = [];
  private readonly constants = new Map<string, Edge>();
  private readonly fresh = new WeakSet<object>();
  private readonly real: Binding = backend().binding;
  private nextId = -2; // -1 is tfjs's mark for values that are not uploaded yet

  /** Puts the recorder in the binding's place for the length of `body`. */
  during(body: () => void): void {
    const node = backend();
    const { getInputTensorIds, move } = node;
    recording++;
    node.binding = this.binding();
    node.move = (dataId, ...rest) => {
      this.fresh.add(dataId);
      move.call(node, dataId, ...rest);
    };
    node.getInputTensorIds = (tensors) => {
      this.uploadOld(tensors);
      return getInputTensorIds.call(node, tensors);
    };
    try {
      body();
    } finally {
      recording--;
      node.binding = this.real;
      node.move = move;
      node.getInputTensorIds = getInputTensorIds;
    }
  }

  placeholder(tensor: Tensor): Tensor {
    const name = `in${this.inputs.length}`;
    const dtype = dtypes[tensor.dtype as 'float32' | 'int32' | 'bool'];
    this.inputs.push({ name, shape: tensor.shape, dtype });
    return backend().createOutputTensor(
      this.remember({ node: name, port: 0 }, { shape: tensor.shape, dtype }, 'Placeholder'),
    );
  }

  finish(outputs: readonly Tensor[]): Recording {
    const values = backend()
      .getInputTensorIds(outputs)
      .map((id) => this.lookUp(id));
    // An Identity each: TensorFlow cannot fetch what it is fed, and two outputs may be one value.
    const named = values.map(({ edge, spec }, i) =>
      this.push({
        name: `out${i}`,
        op: 'Identity',
        attrs: [{ name: 'T', type: attrTypes.type, value: spec.dtype }],
        inputs: [edge],
      }),
    );
    return { graph: { nodes: this.nodes, inputs: this.inputs, outputs: named }, captured: this.captured };
  }

  private binding(): Binding {
    const answers: Partial<Binding> = {
      createTensor: (shape, dtype, values) => this.constant(shape, dtype, values),
      deleteTensor: (id) => {
        if (id >= 0) this.real.deleteTensor(id);
      },
      tensorDataSync: (id) => this.read(id),
      executeOp: (op, attrs, ids, outputs) => this.execute(op, attrs, ids, outputs),
    };
    // The native object's members are read-only, also through the prototype: define, do not assign.
    const own = Object.entries(answers).map(([name, value]) => [name, { value }]);
    return Object.create(this.real, Object.fromEntries(own) as PropertyDescriptorMap) as Binding;
  }

  private constant(shape: readonly number[], dtype: number, values: TypedValues): number {
    const value = { values: values.slice() as TypedValues, shape: [...shape], dtype };
    const key = constantKey(value);
    const known = key === undefined ? undefined : this.constants.get(key);
    const edge = known ?? this.push({ name: `c${this.nodes.length}`, op: 'Const', attrs: [], inputs: [], value });
    if (key !== undefined) this.constants.set(key, edge);
    return this.remember(edge, value, 'Const').id;
  }

  private execute(op: string, attrs: readonly OpAttr[], ids: readonly number[], outputs: number): TensorMetadata[] {
    const inputs = ids.map((id) => this.lookUp(id));
    const specs = infer(
      op,
      attrs,
      inputs.map((k) => k.spec),
      outputs,
    );
    const { node } = this.push({
      name: `n${this.nodes.length}`,
      op,
      attrs: complete(op, attrs, inputs),
      inputs: inputs.map((k) => k.edge),
      shapes: specs.map((s) => s.shape),
    });
    return specs.map((spec, port) => this.remember({ node, port }, spec, op));
  }

  private read(id: number): TypedValues {
    const { spec, op } = this.lookUp(id);
    if (spec.values === undefined)
      throw new Error(
        `a compiled step reads the value of ${op}: values exist only when it runs (return the tensor, or run with --eager)`,
      );
    return spec.values;
  }

  private lookUp(id: number): Known {
    const found = this.known.get(id);
    return found ?? this.capture(id);
  }

  /** An id of the outside world: becomes one more fed tensor. Identity without attributes tells its shape and dtype. */
  private capture(id: number): Known {
    const [meta] = this.real.executeOp('Identity', [], [id], 1);
    if (meta === undefined) throw new Error(`tensor ${id} does not exist`);
    this.real.deleteTensor(meta.id);
    const name = `in${this.inputs.length}`;
    this.inputs.push({ name, shape: meta.shape, dtype: meta.dtype });
    this.captured.push(id);
    const edge = { node: name, port: 0 };
    const narrow = meta.dtype === dtypes.bfloat16; // held at half width: see narrow.ts
    const wide = narrow
      ? this.push({
          name: `n${this.nodes.length}`,
          op: 'Cast',
          attrs: castAttrs('bfloat16', 'float32'),
          inputs: [edge],
        })
      : edge;
    const known = {
      edge: wide,
      spec: { shape: meta.shape, dtype: narrow ? dtypes.float32 : meta.dtype },
      op: 'a tensor of the outside world',
    };
    this.known.set(id, known);
    return known;
  }

  private remember(edge: Edge, spec: Spec, op: string): TensorMetadata {
    const id = this.nextId--;
    this.known.set(id, { edge, spec, op });
    return { id, shape: [...spec.shape], dtype: spec.dtype };
  }

  private push(node: GraphNode): Edge {
    this.nodes.push(node);
    return { node: node.name, port: 0 };
  }

  /** Tensors made before the recording whose upload tfjs delayed are captures, not constants. */
  private uploadOld(tensors: readonly tf.TensorInfo[]): void {
    for (const { dataId } of tensors) {
      const entry = backend().tensorMap.get(dataId);
      if (entry.values === null || entry.values === undefined || this.fresh.has(dataId)) continue;
      entry.id = ownedTensor(this.real, { values: entry.values, shape: entry.shape, dtype: entry.dtype }).id;
      entry.values = null;
    }
  }
}
