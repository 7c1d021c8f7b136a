import { setImmediate as nextTurn } from 'node:timers/promises';
import { seconds } from '../clock';
import { upload } from '../engine/memory';
import { disposeTree } from '../engine/tree';
import type { Tensors } from '../engine/tf';
import { accuracy } from '../tasks/metrics/classification';
import type { Batch } from '../tasks/batches';
import type { Scored } from './data';
import type { Report, TrainingEvent, TrainingJob, TrainingOutcome } from './job';
import { scheduleFactor, startState, stepScalars, type TrainState } from './optimizer';
import { openRun, type OpenRun } from './session';

/**
 * Trains one method on one task with a frozen model and scores it once on test. The model's weights are never changed.
 * @param report called after every step and validation; returning 'stop' ends training after the step
 */
export async function train(job: TrainingJob, report: Report): Promise<TrainingOutcome> {
  const start = seconds();
  const run = await openRun(job);
  const loop = new Loop(job, run, report);
  let state = startState(run.own.variables);
  try {
    state = await loop.steps(state);
    const trained = seconds();
    const { score, loss, perExample } = evaluate(run, run.data.test, state.variables);
    return {
      score, loss, metric: 'accuracy', perExample, testIds: run.data.test.examples.map((e) => e.id), steps: loop.done,
      trainSeconds: trained - start, totalSeconds: seconds() - start,
      peakMb: Math.round(process.resourceUsage().maxRSS / 1024), programs: run.times(),
    };
  } finally {
    disposeTree([state, run.own.constants]);
  }
}

/** The steps of a run, with what they report. */
class Loop {
  done = 0;
  private stopped = false;
  private readonly job: TrainingJob;
  private readonly run: OpenRun;
  private readonly report: Report;
  private readonly started = seconds();
  private readonly total: number;

  constructor(job: TrainingJob, run: OpenRun, report: Report) {
    this.job = job;
    this.run = run;
    this.report = report;
    this.total = run.data.epochs.reduce((sum, batches) => sum + batches.length, 0);
  }

  async steps(first: TrainState): Promise<TrainState> {
    let state = first;
    for (const batch of this.run.data.epochs.flat()) {
      const { next, loss } = this.step(state, batch);
      state = next;
      this.tell({ kind: 'step', step: this.done, steps: this.total, loss, seconds: this.seconds() });
      if (this.evaluationDue()) this.validate(state);
      await nextTurn(); // lets interrupts and messages in
      if (this.stopped) break;
    }
    return state;
  }

  private step(state: TrainState, batch: Batch): { readonly next: TrainState; readonly loss: number } {
    const { training, seed } = this.job;
    this.done++;
    const rate = training.learningRate * scheduleFactor(training.schedule, this.done, this.total);
    const tick = {
      scalars: upload(stepScalars(this.done, rate, training.optimizer), [3]),
      seed: upload(new Int32Array([seed, this.done * 1000]), [2]), // 1000 draws a step at most
    };
    const tensors = this.run.data.tensors(batch);
    const { state: next, loss } = this.run.programs.stepper.step(state, this.run.own.constants, [tensors], tick);
    disposeTree([tick, tensors]);
    if (!Number.isFinite(loss)) throw new Error(`the loss is ${loss} at step ${this.done}: lower the learning rate (${training.learningRate})`);
    return { next, loss };
  }

  private evaluationDue(): boolean {
    const { evaluations } = this.job.training;
    return evaluations > 0 && Math.floor(this.done * evaluations / this.total) > Math.floor((this.done - 1) * evaluations / this.total);
  }

  private validate(state: TrainState): void {
    const { score, loss } = evaluate(this.run, this.run.data.validation, state.variables);
    this.tell({ kind: 'evaluation', step: this.done, seconds: this.seconds(), split: 'validation', loss, score });
  }

  private tell(event: TrainingEvent): void { this.stopped = this.report(event) === 'stop' || this.stopped; }

  private seconds(): number { return seconds() - this.started; }
}

/** Accuracy, mean negative log-likelihood, and 1 or 0 per example in the task's order. */
export function evaluate({ programs, data, own }: OpenRun, { batches, examples }: Scored, variables: Tensors): { readonly score: number; readonly loss: number; readonly perExample: readonly number[] } {
  if (examples.length === 0) return { score: NaN, loss: NaN, perExample: [] }; // a tuning trial never sees the test set
  const predicted = new Int32Array(examples.length);
  let total = 0;
  for (const batch of batches) {
    const tensors = data.tensors(batch);
    const { nll, predicted: labels } = programs.score({ variables, constants: own.constants }, tensors);
    const [losses, guesses] = [nll.dataSync(), labels.dataSync()];
    batch.exampleIndex.forEach((index, row) => {
      if (index < 0) return;
      predicted[index] = guesses[row] ?? -1;
      total += losses[row] ?? NaN;
    });
    disposeTree([tensors, nll, labels]);
  }
  const labels = examples.map((e) => e.label);
  return { score: accuracy([...predicted], labels), loss: total / examples.length, perExample: labels.map((label, i) => (label === predicted[i] ? 1 : 0)) };
}
