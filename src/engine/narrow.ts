import { attrTypes, backend, dtypes, tensorId, type OpAttr } from './backend';
import type { Edge, GraphNode, Recording } from './graph';
import type { Tensor } from './tf';

/*
 * Frozen matrices may be held in bfloat16: half the memory. To tfjs such a tensor is a float32 one that only compiled
 * steps
 * can read: the recorder puts a Cast behind it, and the passes below keep that Cast away from whole tables.
 */

/**
 * The same values rounded to bfloat16 in TensorFlow's memory; the argument is freed. Reading it outside a program
 * fails.
 */
export function narrowed(tensor: Tensor): Tensor {
  const node = backend();
  const [meta] = node.binding.executeOp('Cast', castAttrs('float32', 'bfloat16'), [tensorId(tensor)], 1);
  if (meta === undefined) throw new Error('Cast returned no tensor');
  tensor.dispose();
  return node.createOutputTensor({ ...meta, dtype: dtypes.float32 });
}

/** Ids of matrices that stand for ones of more digits: no program may read more of them than their rounded numbers. */
const rounded = new Set<number>();

/**
 * `narrowed` for a matrix that is multiplied by in bfloat16 alone: a program that would read its lost digits is refused.
 */
export function narrowedForProducts(tensor: Tensor): Tensor {
  const narrow = narrowed(tensor);
  rounded.add(tensorId(narrow));
  return narrow;
}

/** Throws where an op of the pruned graph reads a matrix, which stands for one of more digits, as if it had them. */
export function demandProducts({ graph, captured }: Recording): void {
  const first = graph.inputs.length - captured.length;
  const names = new Set(captured.flatMap((id, i) => (rounded.has(id) ? [graph.inputs[first + i]?.name] : [])));
  if (names.size === 0) return;
  const wide = new Set(
    graph.nodes.filter((node) => isWidening(node) && names.has(node.inputs[0]?.node)).map(({ name }) => name),
  );
  const reader = graph.nodes.find(({ inputs }) => inputs.some(({ node }) => wide.has(node)));
  if (reader !== undefined) throw new Error(`a matrix held in bfloat16 for products alone is read by ${reader.op}`);
}

export function castAttrs(from: keyof typeof dtypes, to: keyof typeof dtypes): readonly OpAttr[] {
  return [
    { name: 'SrcT', type: attrTypes.type, value: dtypes[from] },
    { name: 'DstT', type: attrTypes.type, value: dtypes[to] },
    { name: 'Truncate', type: attrTypes.bool, value: false },
  ];
}

/** A Cast from bfloat16 to float32. */
export function isWidening({ op, attrs }: GraphNode): boolean {
  return op === 'Cast' && attrs.some(({ name, value }) => name === 'SrcT' && value === dtypes.bfloat16);
}

/** Reads rows of a narrow table and widens those, not the table. */
export function gatherNarrow({ graph, ...rest }: Recording): Recording {
  const tables = new Map(graph.nodes.filter(isWidening).map((node) => [node.name, node.inputs[0] as Edge]));
  if (tables.size === 0) return { graph, ...rest };
  const nodes = graph.nodes.flatMap((node): readonly GraphNode[] => {
    const table = node.op === 'GatherV2' ? tables.get(node.inputs[0]?.node ?? '') : undefined;
    if (table === undefined) return [node];
    const inner = `${node.name}/narrow`;
    const attrs = node.attrs.map((a) => (a.name === 'Tparams' ? { ...a, value: dtypes.bfloat16 } : a));
    return [
      { ...node, name: inner, attrs, inputs: [table, ...node.inputs.slice(1)] },
      { ...node, op: 'Cast', attrs: castAttrs('bfloat16', 'float32'), inputs: [{ node: inner, port: 0 }] },
    ];
  });
  return { graph: { ...graph, nodes }, ...rest };
}
