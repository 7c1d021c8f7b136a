import { dtypes } from './backend';
import { edgeName, type Edge, type Graph, type GraphNode, type Recording } from './graph';
import { castAttrs, isWidening } from './narrow';
import { hasKernel, hasKernels } from './native';

/**
 * Products whose three sides all reach this are worth rounding, whatever trains: a backbone's under full fine-tuning,
 * adapters of this width; LoRA's ranks and heads of few classes stay below.
 */
const large = 64;

/**
 * Multiplies by the backbone's matrices in bfloat16: both operands are rounded, products add up in float32 inside the
 * matrix
 * unit, the result is float32 again. A rounded frozen matrix is computed once (`hoist.ts`); one that trains is rounded
 * at each
 * step, as PyTorch's autocast does: trained values, their optimizer, small products, reductions and everything
 * element-wise
 * stay float32.
 */
export function inBfloat16({ graph, captured }: Recording): Recording {
  const frozen = frozenNames(graph, captured.length);
  const isLarge = largeProducts(graph);
  const isRounded = (node: GraphNode): boolean => isFrozenProduct(node, frozen) || isLarge(node);
  const rewriter = new Rewriter(graph, isRounded);
  const nodes = graph.nodes.flatMap((node) => (isRounded(node) ? rewriter.product(node) : rewriter.between(node)));
  return { graph: { ...graph, nodes, outputs: graph.outputs.map((edge) => rewriter.renamed(edge)) }, captured };
}

/** Tells products `[m, k] x [k, n]` with m, k, n >= `large`. */
function largeProducts(graph: Graph): (node: GraphNode) => boolean {
  const shapes = new Map([
    ...graph.inputs.map(({ name, shape }) => [name, shape] as const),
    ...graph.nodes.map(({ name, shapes: all }) => [name, all?.[0] ?? []] as const),
  ]);
  return ({ op, inputs, name }) => {
    if (op !== 'MatMul') return false;
    const [m = 0, n = 0] = shapes.get(name) ?? [];
    const [rows = 0, columns = 0] = shapes.get(inputs[0]?.node ?? '') ?? [];
    return Math.min(m, n, (rows * columns) / Math.max(1, m)) >= large;
  };
}

function frozenNames(graph: Graph, captured: number): ReadonlySet<string> {
  const frozen = new Set(graph.inputs.slice(graph.inputs.length - captured).map(({ name }) => name));
  const constant = new Set<string>();
  for (const { name, inputs, value } of graph.nodes) {
    if (value !== undefined) constant.add(name);
    else if (inputs.length > 0 && inputs.every(({ node }) => frozen.has(node) || constant.has(node))) frozen.add(name);
  }
  return frozen;
}

function isFrozenProduct({ op, inputs }: GraphNode, frozen: ReadonlySet<string>): boolean {
  return (
    op === 'MatMul' && inputs.some(({ node }) => frozen.has(node)) && !inputs.every(({ node }) => frozen.has(node))
  );
}

/** What an op becomes whose inputs and outputs stay in bfloat16. */
const narrowOps: Readonly<Record<string, string>> = {
  PetlGatedSilu: 'PetlNarrowGatedSilu',
  PetlGatedSiluGrad: 'PetlNarrowGatedSiluGrad',
};

class Rewriter {
  private readonly rounded = new Map<string, Edge>();
  /** Products that stay in bfloat16 where all that reads them can. */
  private readonly products = new Map<string, Edge>();
  /** Products with a bias added, before they are widened. */
  private readonly biased = new Map<string, readonly [product: Edge, bias: Edge]>();
  /** Outputs beside the first, which have got other names. */
  private readonly moved = new Map<string, Edge>();
  private readonly taken: ReadonlySet<string>;
  private readonly shapes: ReadonlyMap<string, string>;
  /** What products will read rounded. */
  private readonly read: ReadonlySet<string>;

  constructor(graph: Graph, isRounded: (node: GraphNode) => boolean) {
    this.taken = new Set(graph.nodes.map(({ name }) => name));
    this.shapes = new Map(graph.nodes.map(({ name, shapes }) => [name, String(shapes?.[0])]));
    this.read = new Set(graph.nodes.filter(isRounded).flatMap(({ inputs }) => inputs.map(edgeName)));
    // what is held in bfloat16 is rounded already
    for (const node of graph.nodes) if (isWidening(node)) this.rounded.set(node.name, node.inputs[0] as Edge);
  }

  renamed(edge: Edge): Edge {
    return this.moved.get(edgeName(edge)) ?? edge;
  }

  /** Cast, Cast, MatMul, Cast; the last keeps the product's name, so that its readers need not change. */
  product(node: GraphNode): GraphNode[] {
    const casts: GraphNode[] = [];
    const inputs = node.inputs.map((edge) => this.round(this.renamed(edge), casts));
    const inner = `${node.name}/bf16`;
    if (this.taken.has(inner)) throw new Error(`node ${inner} exists already`);
    const attrs = node.attrs.map((a) => (a.name === 'T' ? { ...a, value: dtypes.bfloat16 } : a));
    this.products.set(node.name, { node: inner, port: 0 });
    return [...casts, { ...node, name: inner, attrs, inputs }, widened(node.name, { node: inner, port: 0 })];
  }

  /**
   * A product's bias or a sum is added, and GELU or a gated SiLU computed, with its gradient, in one pass that reads
   * bfloat16: the same numbers as up to four passes that widen, add, compute and round. Whoever else reads what is rounded
   * for a product reads it rounded, as with autocast.
   */
  between(given: GraphNode): GraphNode[] {
    const node = { ...given, inputs: given.inputs.map((edge) => this.renamed(edge)) };
    const [first, second] = node.inputs;
    const product = this.productOf(first);
    if (!hasKernels()) return [node];
    if (node.op === 'BiasAdd' && product !== undefined && second !== undefined) {
      this.biased.set(node.name, [product, second]);
      return [{ ...node, op: 'PetlNarrowBias', attrs: [], inputs: [product, second] }];
    }
    const own = this.biased.get((node.op === 'PetlGelu' ? first : second)?.node ?? '');
    if (node.op === 'PetlGelu' && own !== undefined) return this.narrow(node, 'PetlNarrowGelu', own);
    if (node.op === 'PetlGeluGrad' && own !== undefined && product !== undefined)
      return this.narrow(node, 'PetlNarrowGeluGrad', [product, ...own]);
    return this.added(node) ?? this.normed(node) ?? this.gated(node) ?? [node];
  }

  /** A product and what it is added to, or two products. */
  private added(node: GraphNode): GraphNode[] | undefined {
    if (!sums.has(node.op) || !hasKernel('PetlNarrowAdd')) return undefined;
    const [first, second] = node.inputs as [Edge, Edge];
    if (this.shapes.get(first.node) !== this.shapes.get(second.node)) return undefined;
    const [a, b] = [this.productOf(first), this.productOf(second)];
    if (a !== undefined && b !== undefined) return [{ ...node, op: 'PetlNarrowSum', attrs: [], inputs: [a, b] }];
    const [narrow, wide] = a === undefined ? [b, first] : [a, second];
    return narrow && [{ ...node, op: 'PetlNarrowAdd', attrs: [], inputs: [narrow, wide] }];
  }

  /** An RMS norm whose rows a product reads. */
  private normed(node: GraphNode): GraphNode[] | undefined {
    if (node.op !== 'PetlRmsNorm' || !this.read.has(node.name)) return undefined;
    this.moved.set(`${node.name}:1`, { node: `${node.name}/narrow`, port: 1 });
    return this.narrow(node, 'PetlNarrowRmsNorm', node.inputs);
  }

  /** The middle of a gated FFN between its products, and its gradient. */
  private gated(node: GraphNode): GraphNode[] | undefined {
    const op = narrowOps[node.op];
    const inputs = node.inputs.map((edge) => this.productOf(edge));
    if (op === undefined || !inputs.every((edge) => edge !== undefined)) return undefined;
    const second = { node: `${node.name}/narrow`, port: 1 };
    const wide = { node: `${node.name}/second`, port: 0 };
    this.moved.set(`${node.name}:1`, wide);
    this.rounded.set(wide.node, second);
    const more = (node.shapes?.length ?? 1) > 1 ? [widened(wide.node, second)] : [];
    return [...this.narrow(node, op, inputs as Edge[]), ...more];
  }

  private productOf(edge: Edge | undefined): Edge | undefined {
    return edge?.port === 0 ? this.products.get(edge.node) : undefined;
  }

  private narrow(node: GraphNode, op: string, inputs: readonly Edge[]): GraphNode[] {
    const inner = { node: `${node.name}/narrow`, port: 0 };
    this.rounded.set(node.name, inner);
    return [{ ...node, name: inner.node, op, inputs }, widened(node.name, inner)];
  }

  private round(edge: Edge, made: GraphNode[]): Edge {
    const key = edgeName(edge);
    const known = this.rounded.get(key);
    if (known !== undefined) return known;
    const rounded = { node: `${key.replace(':', '_')}/rounded`, port: 0 };
    made.push({ name: rounded.node, op: 'Cast', attrs: castAttrs('float32', 'bfloat16'), inputs: [edge] });
    this.rounded.set(key, rounded);
    return rounded;
  }
}

const sums: ReadonlySet<string> = new Set(['Add', 'AddV2']);

function widened(name: string, from: Edge): GraphNode {
  return { name, op: 'Cast', attrs: castAttrs('bfloat16', 'float32'), inputs: [from] };
}
