import { attrTypes, type OpAttr, type TypedValues } from './backend';
import { edgeName, type Edge, type Graph, type GraphNode, type Placeholder } from './graph';
import * as proto from './proto';

/** The bytes of `saved_model.pb` for a recorded graph, written with tfjs-node's own protobuf classes. */
export function savedModel(graph: Graph): Uint8Array {
  const large = new Set(graph.inputs.filter(isLarge).map(({ name }) => name));
  const nameOf = (edge: Edge): string => (large.has(edge.node) ? shaped(edge.node) : edgeName(edge));
  return proto.savedModelBytes([
    ...graph.inputs.flatMap((input) => (isLarge(input) ? openPlaceholder(input) : [placeholder(input, input.shape)])),
    ...graph.nodes.map((node) => nodeOf(node, nameOf)),
  ]);
}

const isLarge = ({ shape }: Placeholder): boolean => shape.reduce((size, n) => size * n, 1) >= 2 ** 16;

function placeholder({ name, dtype }: Placeholder, shape: readonly number[]): proto.Message {
  return proto.node({
    name,
    op: 'Placeholder',
    inputs: [],
    attrs: { dtype: proto.typeAttr(dtype), shape: proto.shapeAttr(shape) },
  });
}

const shaped = (name: string): string => `${name}/shaped`;

/**
 * At a program's first run TensorFlow's optimizer makes a stand-in for every fed tensor, of all the size that its
 * placeholder states: another copy of all weights. A large one states no size; the op behind it does.
 */
function openPlaceholder(input: Placeholder): readonly proto.Message[] {
  const { name, shape, dtype } = input;
  const unknown = shape.map(() => -1);
  const attrs = { T: proto.typeAttr(dtype), shape: proto.shapeAttr(shape) };
  return [placeholder(input, unknown), proto.node({ name: shaped(name), op: 'EnsureShape', inputs: [name], attrs })];
}

function nodeOf({ name, op, attrs, inputs, after, value }: GraphNode, nameOf: (edge: Edge) => string): proto.Message {
  const own: Record<string, proto.Message> =
    value === undefined
      ? {}
      : {
          dtype: proto.typeAttr(value.dtype),
          value: proto.tensorAttr(value.dtype, value.shape, compact(value.values)),
        };
  const kept = sums.has(op) ? keptSum : {};
  return proto.node({
    name,
    op,
    inputs: [...inputs.map(nameOf), ...(after === undefined ? [] : [`^${after}`])],
    attrs: { ...Object.fromEntries(attrs.map((a) => [a.name, attrOf(a)])), ...own, ...kept },
  });
}

/**
 * TensorFlow's graph optimizer joins chains of additions into one AddN, which starts with whichever input's memory is
 * free
 * at that moment: sums of three and more then round by chance. It passes over nodes that bear its own mark of being
 * done.
 */
const keptSum = { _grappler_ArithmeticOptimizer_AddOpsRewriteStage: proto.boolAttr(true) };
const sums: ReadonlySet<string> = new Set(['Add', 'AddV2']);

/**
 * One value when all are equal: TensorFlow repeats it. `ones(x.shape)` of the gradient tape would make megabytes else.
 */
function compact(values: TypedValues): TypedValues {
  return values.length > 1 && (values as Float32Array).every((v) => v === values[0])
    ? (values.slice(0, 1) as TypedValues)
    : values;
}

function attrOf({ name, type, value }: OpAttr): proto.Message {
  switch (type) {
    case attrTypes.bool:
      return proto.boolAttr(value === true || value === 1);
    case attrTypes.type:
      return proto.typeAttr(Number(value));
    case attrTypes.float:
      return proto.floatAttr(Number(value));
    case attrTypes.int:
      return Array.isArray(value) ? proto.intListAttr(value as number[]) : proto.intAttr(Number(value));
    case attrTypes.string:
      return Array.isArray(value) ? proto.stringListAttr(value as string[]) : proto.stringAttr(String(value));
    case attrTypes.shape:
      return proto.shapeAttr(value as number[]);
    default:
      throw new Error(
        `attribute ${name} has type ${type}, which savedmodel.ts cannot write (known: ${JSON.stringify(attrTypes)})`,
      );
  }
}
