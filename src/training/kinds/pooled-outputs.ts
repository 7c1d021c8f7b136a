import { compile, type Compiled } from '../../engine/compile';
import type { Tensor, Tensors } from '../../engine/tf';
import { disposeTree } from '../../engine/tree';
import { classify } from '../../model/heads';
import { evaluationBatches } from '../../tasks/batches';
import type { TextWith } from '../../tasks/encode';
import { planBatches } from '../../tasks/plan';
import type { Classifier } from '../classifier';
import type { TrainingJob } from '../job';
import type { LabelledBatch } from '../labelled';
import type { Own } from '../learner';
import type { LabelledBatching, TextExample } from './pooled-batches';

type Outputs = (own: Own, batch: LabelledBatch) => { readonly raw: Tensor; readonly squashed: Tensor };

/** The body and the head as programs of their own, so that tasks share the body's whatever their heads are. */
export function predictor(
  learner: Pick<Classifier, 'pooled'>,
  squash: (outputs: Tensor) => Tensor,
  { engine, training }: TrainingJob,
): Outputs & Pick<Compiled<never, never>, 'times' | 'dispose'> {
  const body = compile(
    (own: Own, { inputs }: Pick<LabelledBatch, 'inputs'>) => ({ pooled: learner.pooled(own, inputs, undefined) }),
    engine,
    training.precision,
  );
  const head = compile(
    (variables: Tensors, pooled: Tensor) => {
      const raw = classify(pooled, variables, 0, undefined);
      return { raw, squashed: squash(raw) };
    },
    engine,
    training.precision,
  );
  const run: Outputs = ({ variables, constants }, { inputs }) => {
    const [heads, others] = parted(variables, (name) => name.startsWith('head.'));
    const { pooled } = body({ variables: others, constants }, { inputs });
    const made = head(heads, pooled);
    pooled.dispose();
    return made;
  };
  const dispose = (): void => {
    body.dispose();
    head.dispose();
  };
  return Object.assign(run, { times: () => [...body.times(), ...head.times()], dispose });
}

/** Those whose names fit, and the others. */
function parted(all: Tensors, fits: (name: string) => boolean): readonly [Tensors, Tensors] {
  const entries = Object.entries(all);
  return [
    Object.fromEntries(entries.filter(([name]) => fits(name))),
    Object.fromEntries(entries.filter(([name]) => !fits(name))),
  ];
}

/** What the head says of one text, as it stands and as it is answered. */
export interface RowOutputs {
  readonly raw: Float32Array;
  readonly squashed: readonly number[];
}

/** Texts of like length together, so that few programs are made. */
export function outputsOf<X extends TextExample, L>(
  outputs: Outputs,
  own: Own,
  texts: readonly TextWith<L>[],
  { encodeLabelled, uploader }: LabelledBatching<X, L>,
): readonly RowOutputs[] {
  const rows = encodeLabelled(texts);
  const plan = planBatches(
    rows.map(({ ids }) => ids.length),
    { size: Math.min(32, rows.length) },
  );
  const batches = evaluationBatches(rows, plan);
  const uploaded = uploader(batches);
  const found = new Array<RowOutputs>(rows.length);
  for (const batch of batches) {
    const tensors = uploaded(batch);
    const made = outputs(own, tensors);
    const [raw, squashed] = [made.raw.dataSync() as Float32Array, made.squashed.dataSync()];
    const width = made.raw.shape[1] as number;
    batch.rows.slice(0, batch.count).forEach(({ index }, row) => {
      const [from, to] = [row * width, (row + 1) * width];
      found[index] = { raw: raw.slice(from, to), squashed: Array.from(squashed.subarray(from, to)) };
    });
    disposeTree([tensors, made]);
  }
  return found;
}
