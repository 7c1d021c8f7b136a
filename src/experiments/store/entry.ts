import type { RunRecord } from './record';
import { shareOf } from './rows';

/** One stored run in a line of plain values: what lists, filters and tables of many runs read. */
export interface RunEntry {
  /** Below the folder of results. */
  readonly path: string;
  readonly id: string;
  readonly study: string;
  readonly tier: string;
  readonly task: string;
  readonly model: string;
  readonly method: string;
  readonly label: string;
  readonly seed: number;
  readonly rate: number;
  readonly examples: number | 'all';
  readonly epochs: number;
  readonly batch: number;
  readonly maxLength: number;
  readonly precision: string;
  readonly engine: string;
  readonly trained: number;
  readonly stored: number;
  /** Trained parameters in % of the backbone. */
  readonly share: number;
  readonly metric: string;
  /** Null for a tuning trial, which no test set has seen. */
  readonly score: number | null;
  readonly loss: number | null;
  readonly validation: number | null;
  readonly tested: number;
  readonly steps: number;
  readonly seconds: number;
  /** Of them, those that training took; what scoring and writing took is the rest. */
  readonly trainSeconds: number;
  readonly peakMb: number | null;
  readonly threads: number | null;
  readonly cpu: string;
  readonly platform: string;
  /** Null in records from before there were kernels of the project's own. */
  readonly kernels: boolean | null;
  readonly tfjs: string;
  readonly node: string;
  readonly commit: string;
  readonly dirty: boolean;
  /** Null in records from before the code was fingerprinted. */
  readonly code: string | null;
  readonly data: string | null;
  readonly weights: string | null;
  readonly started: string;
}

/** @param path below the folder of results */
export function entryOf({ run, evaluations, final }: RunRecord, path: string): RunEntry {
  const { spec, counts, environment } = run;
  const { examples, epochs, batch, maxLength, precision, learningRate } = spec.training;
  return {
    path,
    id: run.id,
    study: spec.study,
    tier: spec.tier,
    task: spec.task,
    model: spec.model,
    method: spec.method,
    label: run.label,
    seed: spec.seed,
    rate: learningRate,
    ...{ examples, epochs, batch, maxLength, precision },
    engine: run.engine,
    trained: counts.trained,
    stored: counts.stored,
    share: Number(shareOf(counts).toPrecision(6)),
    metric: final.metric,
    score: final.score,
    loss: final.loss,
    validation: evaluations.at(-1)?.loss ?? null,
    tested: final.tests.count,
    steps: final.steps,
    seconds: final.seconds,
    trainSeconds: final.trainSeconds,
    peakMb: final.peakMb,
    threads: environment.threads ?? null,
    cpu: environment.cpu,
    platform: environment.platform,
    kernels: environment.kernels ?? null,
    tfjs: environment.versions['@tensorflow/tfjs-node'] ?? 'unknown',
    node: environment.versions['node'] ?? 'unknown',
    commit: environment.commit,
    dirty: environment.dirty,
    code: environment.code ?? null,
    data: final.data === null ? null : `${final.data.train.hash}-${final.data.test.hash}`,
    weights: final.model,
    started: run.started,
  };
}

/** Whether a stored run was made by the code that is here. */
export function madeBy(code: string | null | undefined, here: string): 'same' | 'other' | 'unknown' {
  if (code === null || code === undefined) return 'unknown';
  return code === here ? 'same' : 'other';
}
