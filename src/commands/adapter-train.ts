import { recordAt } from '../experiments/store/read';
import { Interrupted } from '../errors';
import type { RunRecord } from '../experiments/store/record';
import { sameScore } from '../experiments/runner/repeat';
import { jobOf } from '../experiments/store/spec';
import type { TrainingEvent, TrainingOutcome } from '../training/job';
import { train } from '../training/train';
import { print, printJson } from './command';
import { withInterrupt } from './study';

/** What the same spec and seed gave this time, beside the record. */
export interface TrainedAgain {
  readonly folder: string;
  readonly score: number;
  readonly recorded: number | null;
  /** Scores differ by less than 1e-4. */
  readonly same: boolean;
}

/**
 * `petl adapter train RUN --out DIR`: results hold scores, not weights; a run is a function of its file, so its adapter
 * is trained again
 * from that and kept with its head.
 */
export async function trainAdapter(path: string, out: string, json: boolean): Promise<number> {
  const record = recordAt(path);
  const job = { ...jobOf(record.run.spec, record.run.engine), keep: out };
  const outcome = await withInterrupt((signal) =>
    train(job, (event) => {
      if (signal.aborted) throw new Interrupted(`interrupted: nothing was written to ${out}`);
      return json ? undefined : tell(event);
    }),
  );
  const found = againOf(outcome, record, out);
  if (json) printJson(found);
  else
    print(
      `${out}: ${record.run.label}, score ${found.score.toFixed(4)}, ${found.same ? 'as recorded' : `recorded ${found.recorded?.toFixed(4) ?? 'none'}: code, data or machine are not those of the record`}`,
    );
  return 0;
}

function againOf({ score }: TrainingOutcome, { final }: RunRecord, folder: string): TrainedAgain {
  return { folder, score, recorded: final.score, same: sameScore(score, final.score) };
}

function tell(event: TrainingEvent): undefined {
  if (event.kind === 'evaluation')
    process.stderr.write(`step ${event.step}: validation loss ${event.loss.toFixed(4)}\n`);
  return undefined;
}
