import { createHash } from 'node:crypto';
import { backend, type Binding } from './backend';
import { edgeName, type Edge, type Graph, type GraphNode, type Placeholder, type Recording } from './graph';
import { ownedTensor } from './memory';
import { demandProducts, isWidening } from './narrow';

/** A recording whose frozen parts have been computed; `release` gives them back. */
export interface Hoisted extends Recording {
  release(): void;
}

/** What was computed once from frozen tensors, by the expression that it is: programs share it. */
const shared = new Map<string, { readonly id: number; users: number }>();

/** Moves no data or less than it would cost to keep a copy. */
const cheap = new Set(['Const', 'Identity', 'Reshape', 'ExpandDims', 'Squeeze']);

/**
 * Computes what depends on captured tensors and constants alone (scaled, joined or rounded weights) once instead of at
 * every run. Captured tensors must not change while the program lives; frozen weights never do.
 */
export function hoist({ graph: recorded, captured }: Recording): Hoisted {
  const graph = prune(recorded);
  demandProducts({ graph, captured });
  const first = graph.inputs.length - captured.length;
  const frozen = new Frozen(graph, captured, first);
  const moving = graph.nodes.filter((node) => !frozen.has(node.name));
  const wanted = new Map<string, Edge>();
  for (const edge of [...moving.flatMap((node) => node.inputs), ...graph.outputs]) {
    if (frozen.worth(edge.node)) wanted.set(edgeName(edge), edge);
  }
  const keys = [...wanted.values()].map((edge) => frozen.share(edge));
  const inputs: Placeholder[] = [...graph.inputs];
  const ids = [...captured];
  const renamed = new Map<string, Edge>();
  [...wanted.keys()].forEach((name, i) => {
    const { id, shape, dtype } = keys[i] as Held;
    renamed.set(name, { node: `held${i}`, port: 0 });
    inputs.push({ name: `held${i}`, shape, dtype });
    ids.push(id);
  });
  const rename = (edge: Edge): Edge => renamed.get(edgeName(edge)) ?? edge;
  const nodes = graph.nodes.map((node) => ({ ...node, inputs: node.inputs.map(rename) }));
  const release = (): void => {
    for (const { key } of keys) drop(key);
  };
  return { graph: prune({ nodes, inputs, outputs: graph.outputs.map(rename) }), captured: ids, release };
}

interface Held {
  readonly key: string;
  readonly id: number;
  readonly shape: readonly number[];
  readonly dtype: number;
}

/** The part of a graph that captured tensors and constants decide. */
class Frozen {
  private readonly keys = new Map<string, string>();
  private readonly deep = new Set<string>();
  private readonly nodes: ReadonlyMap<string, GraphNode>;
  private readonly ids: ReadonlyMap<string, number>;
  private readonly real: Binding = backend().binding;

  constructor(graph: Graph, captured: readonly number[], first: number) {
    this.nodes = new Map(graph.nodes.map((node) => [node.name, node]));
    this.ids = new Map(captured.map((id, i) => [graph.inputs[first + i]?.name ?? '', id]));
    for (const [name, id] of this.ids) {
      this.keys.set(name, `#${id}`);
      this.deep.add(name);
    }
    for (const node of graph.nodes) this.visit(node);
  }

  has(name: string): boolean {
    return this.keys.has(name);
  }

  /** Computed from at least one captured tensor by something that costs. */
  worth(name: string): boolean {
    const node = this.nodes.get(name);
    return node !== undefined && this.keys.has(name) && this.deep.has(name) && !cheap.has(node.op) && !isWidening(node);
  }

  /** The shared tensor of an edge, computed by the first program that wants it. */
  share(edge: Edge): Held {
    const key = `${this.keys.get(edge.node) ?? ''}:${edge.port}`;
    const known = shared.get(key);
    const id = known?.id ?? this.compute(edge);
    if (known === undefined) shared.set(key, { id, users: 1 });
    else known.users++;
    const [meta] = this.real.executeOp('Identity', [], [id], 1);
    if (meta === undefined) throw new Error(`held tensor ${id} is gone`);
    this.real.deleteTensor(meta.id);
    return { key, id, shape: meta.shape, dtype: meta.dtype };
  }

  private visit({ name, op, attrs, inputs, value }: GraphNode): void {
    if (value !== undefined) {
      const bytes = new Uint8Array(value.values.buffer, value.values.byteOffset, value.values.byteLength);
      this.keys.set(name, `c${createHash('sha1').update(bytes).digest('base64')}${value.dtype}[${value.shape.join()}]`);
      return;
    }
    if (inputs.length === 0 || op.startsWith('Stateless') || !inputs.every((edge) => this.keys.has(edge.node))) return;
    const parts = inputs.map((edge) => `${this.keys.get(edge.node) ?? ''}:${edge.port}`);
    this.keys.set(
      name,
      createHash('sha1')
        .update(`${op}${JSON.stringify(attrs)}(${parts.join()})`)
        .digest('base64'),
    );
    if (inputs.some((edge) => this.deep.has(edge.node))) this.deep.add(name);
  }

  /** Runs the ops below an edge one by one; everything but the result is freed. */
  private compute(edge: Edge): number {
    const made: number[] = [];
    const values = new Map<string, readonly number[]>();
    const valueOf = ({ node, port }: Edge): number => {
      const id = this.ids.get(node);
      if (id !== undefined) return id;
      const known = values.get(node) ?? this.run(this.nodes.get(node) as GraphNode, valueOf);
      if (!values.has(node)) {
        values.set(node, known);
        made.push(...known);
      }
      return known[port] as number;
    };
    const result = valueOf(edge);
    for (const id of made) if (id !== result) this.real.deleteTensor(id);
    return result;
  }

  private run({ op, attrs, inputs, shapes, value }: GraphNode, valueOf: (edge: Edge) => number): readonly number[] {
    if (value !== undefined) return [ownedTensor(this.real, value).id];
    return this.real.executeOp(op, attrs, inputs.map(valueOf), shapes?.length ?? 1).map(({ id }) => id);
  }
}

function drop(key: string): void {
  const held = shared.get(key);
  if (held === undefined || --held.users > 0) return;
  backend().binding.deleteTensor(held.id);
  shared.delete(key);
}

/** Leaves out nodes that no output needs. */
function prune(graph: Graph): Graph {
  const needed = new Set(graph.outputs.map(({ node }) => node));
  const kept = [...graph.nodes].reverse().filter(({ name, inputs }) => {
    if (!needed.has(name)) return false;
    for (const { node } of inputs) needed.add(node);
    return true;
  });
  return { ...graph, nodes: kept.reverse() };
}
