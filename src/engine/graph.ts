import type { OpAttr, TypedValues } from './backend';

/** A recorded step: nodes in the order of recording, which is a topological order. */
export interface Graph {
  readonly nodes: readonly GraphNode[];
  readonly inputs: readonly Placeholder[];
  readonly outputs: readonly Edge[];
}

export interface GraphNode {
  readonly name: string;
  readonly op: string;
  readonly attrs: readonly OpAttr[];
  readonly inputs: readonly Edge[];
  /** A node that must have run before. */
  readonly after?: string;
  /** Shapes of the outputs, as recorded. */
  readonly shapes?: readonly (readonly number[])[];
  /** Const nodes only. */
  readonly value?: { readonly values: TypedValues; readonly shape: readonly number[]; readonly dtype: number };
}

/** A recorded step and the tensors of the outside world that it read (frozen weights): they are fed at every run. */
export interface Recording {
  readonly graph: Graph;
  readonly captured: readonly number[];
}

/** Output `port` of the node called `node`. */
export interface Edge {
  readonly node: string;
  readonly port: number;
}

/** A tensor fed at each run. */
export interface Placeholder {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: number;
}

export function edgeName({ node, port }: Edge): string {
  return port === 0 ? node : `${node}:${port}`;
}
