import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seconds } from '../clock';
import { backend, tensorId, type TensorMetadata } from './backend';
import { edgeName, type Graph } from './graph';
import { expandAdam } from './adam';
import { inBfloat16 } from './bfloat16';
import { leaveNodes } from './garbage';
import { hoist } from './hoist';
import { gatherNarrow } from './narrow';
import { withNarrowKernels } from './native';
import { record } from './record';
import { savedModel } from './savedmodel';
import type { Tensor } from './tf';
import { inShards } from './threads';

/** What making a program cost, in milliseconds; the first run includes TensorFlow's graph optimisation. */
export interface ProgramTimes {
  readonly recordMs: number;
  readonly loadMs: number;
  readonly firstRunMs: number;
  readonly nodes: number;
}

/** In what numbers frozen matrices multiply. */
export type Precision = 'float32' | 'bfloat16';

/** One recorded step at one set of shapes, loaded into TensorFlow: a pure function of the tensors it is fed. */
export class Program {
  private readonly id: number;
  private readonly captured: readonly number[];
  private readonly release: () => void;
  private readonly inputNames: string;
  private readonly outputNames: string;
  private readonly shards: number;
  private firstRunMs = 0;
  private readonly made: Omit<ProgramTimes, 'firstRunMs'>;

  constructor(
    step: (inputs: Tensor[]) => Tensor[],
    inputs: readonly Tensor[],
    { precision, shards }: { readonly precision: Precision; readonly shards: number },
  ) {
    const start = 1000 * seconds();
    const narrow = precision === 'bfloat16';
    const recording = gatherNarrow(withNarrowKernels(narrow, () => record(step, inputs)));
    const { graph, captured, release } = hoist(narrow ? inBfloat16(recording) : recording);
    const recorded = 1000 * seconds();
    this.shards = shards;
    this.id = inShards(shards, () => load(expandAdam(graph)));
    this.captured = captured;
    this.release = release;
    this.inputNames = graph.inputs.map((i) => `${i.name}:0`).join();
    this.outputNames = graph.outputs.map((edge) => `${edgeName(edge)}:0`).join();
    this.made = { recordMs: recorded - start, loadMs: 1000 * seconds() - recorded, nodes: graph.nodes.length };
    leaveNodes(graph.nodes.length);
  }

  /** Returns new tensors that the caller owns. */
  run(inputs: readonly Tensor[]): Tensor[] {
    const node = backend();
    const start = 1000 * seconds();
    const ids = [...inputs.map(tensorId), ...this.captured];
    const compute = (): TensorMetadata[] => node.binding.runSavedModel(this.id, ids, this.inputNames, this.outputNames);
    const first = this.firstRunMs === 0; // kernels are made then
    const outputs = first ? inShards(this.shards, compute) : compute();
    this.firstRunMs ||= 1000 * seconds() - start;
    return outputs.map((metadata) => node.createOutputTensor(metadata));
  }

  times(): ProgramTimes {
    return { ...this.made, firstRunMs: this.firstRunMs };
  }

  dispose(): void {
    backend().binding.deleteSavedModel(this.id);
    this.release();
  }
}

let folder: string | undefined;

/**
 * The binding loads only from a folder; it is gone once loaded. One path for all programs of a process: TensorFlow
 * keeps
 * counters of loading by path for ever, 3 KB each.
 */
function load(graph: Graph): number {
  const own = privateFolder();
  try {
    writeFileSync(join(own, 'saved_model.pb'), savedModel(graph));
    return backend().binding.loadSavedModel(own, 'serve');
  } catch (error) {
    const message = (error as Error).message;
    const node = graph.nodes.find(({ name }) => message.includes(`{{node ${name}}}`));
    throw new Error(
      node === undefined
        ? message
        : `${message.split('\n')[0] ?? ''} (op ${node.op}, inputs ${node.inputs.map(edgeName).join()})`,
    );
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
}

function privateFolder(): string {
  if (folder === undefined) folder = mkdtempSync(join(tmpdir(), 'petl-program-'));
  else mkdirSync(folder, { mode: 0o700 });
  return folder;
}
