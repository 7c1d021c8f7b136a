/** What a run's memory is made of, each in MiB but for the process and the programs. */
export interface Terms {
  /** 1: what every process takes. */
  readonly process: number;
  /** Tensors that are there from the first step to the last: frozen weights, and what trains with all beside it. */
  readonly held: number;
  /** What a training step keeps of each layer for the gradients, by tokens: in float32, and where products are bfloat16. */
  readonly kept: number;
  readonly keptNarrow: number;
  /** The same by pairs of tokens that attend to one another. */
  readonly attention: number;
  /** Scores of every word for each label. */
  readonly scores: number;
  /** Programs of the run times layers of the model. */
  readonly programs: number;
  /** What loading the task's examples takes, measured. */
  readonly data: number;
}

export const termNames: readonly (keyof Terms)[] = [
  'process',
  'held',
  'kept',
  'keptNarrow',
  'attention',
  'scores',
  'programs',
  'data',
];
