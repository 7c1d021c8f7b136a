import { setImmediate as nextTurn } from 'node:timers/promises';
import { seconds } from '../clock';
import { upload } from '../engine/memory';
import { disposeTree } from '../engine/tree';
import type { Tensors } from '../engine/tf';
import { masksAt } from '../petl/forms/ranks';
import { demandGradients, gradientsDue } from './guards';
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
    if (gradientsDue(job.training, loop.done, run.course.steps)) demandGradients(job.method, run.shape, state);
    run.demandFrozen();
    const own = { variables: state.variables, constants: loop.constants };
    const { metric, course, model } = run;
    if (job.keep !== undefined) await run.save(job.keep, own);
    return {
      ...course.evaluate('test', own),
      metric,
      testIds: course.testIds,
      written: await course.write(own),
      data: course.print,
      model,
      steps: loop.done,
      trainSeconds: trained - start,
      totalSeconds: seconds() - start,
      peakMb: Math.round(process.resourceUsage().maxRSS / 1024),
      programs: run.times(),
    };
  } finally {
    disposeTree([state, loop.constants]);
  }
}

/** The steps of a run, with what they report. */
class Loop {
  done = 0;
  /** The method's tensors that do not train; AdaLoRA's masks change from step to step. */
  constants: Tensors;
  private stopped = false;
  private readonly job: TrainingJob;
  private readonly run: OpenRun;
  private readonly report: Report;
  private readonly started = seconds();
  private readonly total: number;

  constructor(job: TrainingJob, run: OpenRun, report: Report) {
    this.job = job;
    this.run = run;
    this.constants = run.own.constants;
    this.report = report;
    this.total = run.course.steps;
  }

  async steps(first: TrainState): Promise<TrainState> {
    let state = first;
    while (this.done < this.total) {
      const { next, loss } = this.step(state);
      state = next;
      this.tell({ kind: 'step', step: this.done, steps: this.total, loss, seconds: this.seconds() });
      if (this.evaluationDue()) this.validate(state);
      await nextTurn(); // lets interrupts and messages in
      if (this.stopped) break;
    }
    return state;
  }

  private step(state: TrainState): { readonly next: TrainState; readonly loss: number } {
    const { training, seed } = this.job;
    this.done++;
    const rate = training.learningRate * scheduleFactor(training.schedule, this.done, this.total);
    const tick = {
      scalars: upload(stepScalars(this.done, rate, training.optimizer), [3]),
      seed: upload(new Int32Array([seed, this.done * 1000]), [2]), // 1000 draws a step at most
    };
    const { state: next, loss } = this.run.course.step(this.done - 1, state, this.constants, tick);
    disposeTree(tick);
    if (!Number.isFinite(loss))
      throw new Error(`the loss is ${loss} at step ${this.done}: lower the learning rate (${training.learningRate})`);
    this.mask(next);
    return { next, loss };
  }

  private mask({ variables }: TrainState): void {
    const masks = masksAt(this.job.method, this.run.shape, variables, this.done / this.total);
    if (masks === undefined) return;
    for (const name of Object.keys(masks)) this.constants[name]?.dispose();
    this.constants = { ...this.constants, ...masks };
  }

  private evaluationDue(): boolean {
    const { evaluations } = this.job.training;
    return (
      evaluations > 0 &&
      Math.floor((this.done * evaluations) / this.total) > Math.floor(((this.done - 1) * evaluations) / this.total)
    );
  }

  private validate(state: TrainState): void {
    const { score, loss } = this.run.course.evaluate('validation', {
      variables: state.variables,
      constants: this.constants,
    });
    this.tell({ kind: 'evaluation', step: this.done, seconds: this.seconds(), split: 'validation', loss, score });
  }

  private tell(event: TrainingEvent): void {
    this.stopped = this.report(event) === 'stop' || this.stopped;
  }

  private seconds(): number {
    return seconds() - this.started;
  }
}
