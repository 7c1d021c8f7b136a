import { setImmediate as nextTurn } from 'node:timers/promises';
import { seconds } from '../clock';
import { Interrupted } from '../errors';
import { watchPeak } from '../peak';
import { bestSoFar, isSpent } from './best';
import { Checkpoints } from './checkpoint';
import { demandGradients, gradientsDue } from './guards';
import type { CourseEvent, PhaseEvent, Report, TrainingJob, TrainingOutcome } from './job';
import { keepTrained } from './kept';
import type { Loop } from './loop';
import { loopOf } from './run-loop';
import { Session, type OpenRun } from './session';
import { afterStage } from './stage';

/**
 * Trains one method on one task with a frozen model and scores it once on test. The model's weights are never changed.
 * @param report called after every step and validation; returning 'stop' ends training after the step
 * @throws Interrupted where it was so stopped and its state is kept: nothing is scored then
 * @param session what earlier runs have loaded and compiled; one of its own where left out
 */
export async function train(job: TrainingJob, report: Report, session?: Session): Promise<TrainingOutcome> {
  if (session !== undefined) return trainIn(session, job, report);
  const own = new Session();
  try {
    return await trainIn(own, job, report);
  } finally {
    own.dispose();
  }
}

async function trainIn(session: Session, given: TrainingJob, report: Report): Promise<TrainingOutcome> {
  const begin = seconds();
  const peak = watchPeak();
  const told = { ...given, tell: (phase: Omit<PhaseEvent, 'kind'>) => void report({ kind: 'phase', ...phase }) };
  const { job, start, oracle } = await afterStage(session, told);
  const run = await session.open(job, start);
  const loop = loopOf(job, run);
  try {
    const earlier = await steps(loop, job, run, report);
    if (earlier.stopped && job.checkpoint !== undefined)
      throw new Interrupted(`stopped at step ${loop.done}; its state is kept in ${job.checkpoint.path}`);
    const trained = seconds();
    if (gradientsDue(job.training, loop.done, run.course.steps)) demandGradients(run.method, run.shape, loop.state);
    run.demandFrozen();
    const { course } = run;
    const { own, kept } = keptOf(loop, job, earlier.events);
    if (job.keep !== undefined) keepTrained(job.keep, job, run, own);
    return {
      ...(await course.evaluate('test', own)),
      metric: job.task.metric,
      testIds: course.testIds,
      written: await course.write(own),
      oracle,
      data: course.print,
      model: run.model.slice(0, 16),
      steps: loop.done,
      kept,
      trainSeconds: earlier.seconds + trained - begin,
      totalSeconds: earlier.seconds + seconds() - begin,
      peakMb: peak(),
      programs: run.times(),
    };
  } finally {
    loop.dispose();
  }
}

/** What is scored and kept: the best step's tensors where that was asked for, else the last one's. */
function keptOf(loop: Loop, job: TrainingJob, events: readonly CourseEvent[]): Kept {
  const best = bestSoFar(events, job);
  return best === undefined || loop.aside === undefined
    ? { own: loop.own, kept: null }
    : { own: loop.aside, kept: best.step };
}

interface Kept {
  readonly own: Loop['own'];
  readonly kept: number | null;
}

interface Course {
  readonly events: readonly CourseEvent[];
  /** That the run had taken before it was left. */
  readonly seconds: number;
  /** As the report asked. */
  readonly stopped: boolean;
}

/** All steps, with what they report. */
async function steps(loop: Loop, job: TrainingJob, run: OpenRun, report: Report): Promise<Course> {
  const { course } = run;
  const { evaluations } = job.training;
  const kept = job.checkpoint && new Checkpoints(job.checkpoint, identityOf(job, run));
  const events = [...(kept?.restore(loop) ?? [])];
  const earlier = events.at(-1)?.seconds ?? 0;
  const started = seconds() - earlier;
  let stopped = false;
  const tell = (event: CourseEvent): void => {
    stopped = report(event) === 'stop' || stopped;
  };
  events.forEach(tell);
  const happened = (event: CourseEvent): void => {
    events.push(event);
    tell(event);
  };
  while (loop.done < course.steps && !stopped && !isSpent(events, job)) {
    const loss = loop.next();
    happened({ kind: 'step', step: loop.done, steps: course.steps, loss, seconds: seconds() - started });
    if (isDue(loop.done, evaluations, course.steps)) {
      const { score, loss: validation } = await course.evaluate('validation', loop.own);
      const at = { step: loop.done, seconds: seconds() - started };
      happened({ kind: 'evaluation', ...at, split: 'validation', loss: validation, score });
      if (bestSoFar(events, job)?.step === loop.done) loop.setAside();
    }
    if (stopped) kept?.write(loop, events);
    else if (loop.done < course.steps) kept?.afterStep(loop, events);
    await nextTurn(); // lets interrupts and messages in
  }
  return { events, seconds: earlier, stopped };
}

/** All that decides a run's numbers. */
function identityOf(
  { model, task, training, seed, engine, checkpoint }: TrainingJob,
  { method, model: hash, encoder, course }: OpenRun,
): unknown {
  const weights = { hash, encoder: encoder?.hash };
  return { method, model, weights, task: task.name, data: course.print, training, seed, engine, by: checkpoint?.by };
}

/** Evaluations are spread evenly; the last one falls on the last step. */
function isDue(step: number, evaluations: number, steps: number): boolean {
  const before = (done: number): number => Math.floor((done * evaluations) / steps);
  return evaluations > 0 && before(step) > before(step - 1);
}
