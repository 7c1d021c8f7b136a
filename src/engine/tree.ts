import { tf, type Tensor } from './tf';

/** Tensors in arrays and records, nested: what compiled steps take and give. */
export type Tree = Tensor | readonly Tree[] | { readonly [key: string]: Tree };

/** The tensors of a tree, depth first, in the order of keys. */
export function leaves(tree: Tree): Tensor[] {
  if (tree instanceof tf.Tensor) return [tree];
  return Object.values(tree as Record<string, Tree>).flatMap(leaves);
}

/** The same tree with other tensors. */
export function rebuild(tree: Tree, tensors: readonly Tensor[]): Tree {
  let next = 0;
  const walk = (node: Tree): Tree => {
    if (node instanceof tf.Tensor) {
      const tensor = tensors[next++];
      if (tensor === undefined) throw new Error('rebuild: fewer tensors than the tree has leaves');
      return tensor;
    }
    if (Array.isArray(node)) return node.map((child) => walk(child as Tree));
    return Object.fromEntries(Object.entries(node as Record<string, Tree>).map(([key, child]) => [key, walk(child)]));
  };
  return walk(tree);
}

/** What a program is specialised for: keys, shapes and dtypes. */
export function signature(tree: Tree): string {
  if (tree instanceof tf.Tensor) return `${tree.dtype}[${tree.shape.join()}]`;
  return `{${Object.entries(tree as Record<string, Tree>)
    .map(([key, child]) => `${key}:${signature(child)}`)
    .join(';')}}`;
}

export function disposeTree(tree: Tree): void {
  for (const tensor of leaves(tree)) tensor.dispose();
}
