import type { TypedValues } from './backend';
import { dtypes } from './backend';

/** A google-protobuf message: built here, serialised once, never read back. */
export interface Message {
  serializeBinary(): Uint8Array;
}

type Setters = Record<string, (value: unknown, index?: unknown) => unknown>;
type MessageClass = new () => Message & Setters;
interface Api {
  readonly NodeDef: MessageClass;
  readonly AttrValue: MessageClass & { readonly ListValue: MessageClass };
  readonly Tensor: MessageClass;
  readonly TensorShape: MessageClass & { readonly Dim: MessageClass };
  readonly GraphDef: MessageClass;
  readonly VersionDef: MessageClass;
  readonly MetaGraphDef: MessageClass & { readonly MetaInfoDef: MessageClass };
  readonly SavedModel: MessageClass;
}

// Generated JavaScript without types.
const api = require('@tensorflow/tfjs-node/dist/proto/api_pb') as Api;

/** Builds a message from setter names without their `set`. */
function build(kind: MessageClass, fields: Readonly<Record<string, unknown>>): Message & Setters {
  const message = new kind();
  for (const [name, value] of Object.entries(fields)) message[`set${name}`]?.(value);
  return message;
}

const attrValue = (fields: Readonly<Record<string, unknown>>): Message => build(api.AttrValue, fields);

export const boolAttr = (value: boolean): Message => attrValue({ B: value });
export const intAttr = (value: number): Message => attrValue({ I: value });
export const floatAttr = (value: number): Message => attrValue({ F: value });
export const typeAttr = (value: number): Message => attrValue({ Type: value });
export const stringAttr = (value: string): Message => attrValue({ S: Buffer.from(value) });
export const shapeAttr = (shape: readonly number[]): Message => attrValue({ Shape: tensorShape(shape) });
export const intListAttr = (values: readonly number[]): Message =>
  attrValue({ List: build(api.AttrValue.ListValue, { IList: values }) });
export const stringListAttr = (values: readonly string[]): Message =>
  attrValue({ List: build(api.AttrValue.ListValue, { SList: values.map((v) => Buffer.from(v)) }) });

function tensorShape(shape: readonly number[]): Message {
  return build(api.TensorShape, { DimList: shape.map((size) => build(api.TensorShape.Dim, { Size: size })) });
}

export function tensorAttr(dtype: number, shape: readonly number[], values: TypedValues): Message {
  const fields = { Dtype: dtype, TensorShape: tensorShape(shape), ...contents(dtype, values) };
  return attrValue({ Tensor: build(api.Tensor, fields) });
}

function contents(dtype: number, values: TypedValues): Record<string, unknown> {
  if (values.length > 1) return { TensorContent: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) };
  const list = Array.from(values as Float32Array);
  switch (dtype) {
    case dtypes.float32:
      return { FloatValList: list };
    case dtypes.bool:
      return { BoolValList: list.map((v) => v !== 0) };
    case dtypes.int64:
      return { Int64ValList: list.map(Number) };
    default:
      return { IntValList: list };
  }
}

interface NodeFields {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly string[];
  readonly attrs: Readonly<Record<string, Message>>;
}

export function node({ name, op, inputs, attrs }: NodeFields): Message {
  const message = build(api.NodeDef, { Name: name, Op: op, InputList: inputs });
  const map = (message['getAttrMap'] as unknown as () => { set(key: string, value: Message): void }).call(message);
  for (const [key, value] of Object.entries(attrs)) map.set(key, value);
  return message;
}

export function savedModelBytes(nodes: readonly Message[]): Uint8Array {
  const graph = build(api.GraphDef, { NodeList: nodes, Versions: build(api.VersionDef, { Producer: 1286 }) });
  const info = build(api.MetaGraphDef.MetaInfoDef, { TagsList: ['serve'] });
  const meta = build(api.MetaGraphDef, { MetaInfoDef: info, GraphDef: graph });
  return build(api.SavedModel, { SavedModelSchemaVersion: 1, MetaGraphsList: [meta] }).serializeBinary();
}
