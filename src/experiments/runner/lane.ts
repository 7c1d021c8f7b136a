import { resultsFolder, runId, runPath } from '../store/spec';
import { workersHere } from './cluster';
import type { PlannedRun } from './execute';
import { launchWorker, threadsOf as shareOf, type Answer, type WorkerProcess } from './process';
import { next } from './queue';
import type { RunOptions, State } from './state';

/** One worker after another until no run is left. */
export async function serveLane(lane: number, state: State): Promise<void> {
  let worker: WorkerProcess | undefined;
  let unborn = 0;
  for (let plan = await next(lane, state); plan !== undefined; plan = await next(lane, state)) {
    if (worker !== undefined && state.retried.has(runId(plan.spec))) {
      dismiss(worker, state); // what its earlier runs left must not count against the last try
      worker = undefined;
    }
    worker ??= launch(state);
    const answer = await runOn(worker, { lane, plan, state });
    if (answer.kind === 'died') {
      state.workers.delete(worker);
      worker = undefined;
      unborn = answer.started ? 0 : unborn + 1;
    }
    settle(lane, plan, decided(answer), state);
    if (state.options.alone === true && worker !== undefined) {
      dismiss(worker, state);
      worker = undefined;
    }
    if (unborn === 3) giveUp(state, answer);
  }
  worker?.stop();
}

/** A worker's death that another would die has failed the run. */
function decided(answer: Answer): Answer {
  if (answer.kind !== 'died' || answer.hopeless !== true) return answer;
  return { kind: 'failed', message: answer.reason, user: true };
}

function dismiss(worker: WorkerProcess, { workers }: State): void {
  workers.delete(worker);
  worker.stop();
}

function launch({ options, workers }: State): WorkerProcess {
  const worker = (options.launch ?? launchWorker)(options.threads ?? threadsOf(options), options.memoryMb);
  workers.add(worker);
  return worker;
}

/** A worker's share of these cores; on machines that are not known, one. */
function threadsOf({ cluster, workers }: RunOptions): number {
  if (cluster === undefined) return shareOf(workers);
  const here = workersHere(cluster);
  return here === 0 ? 1 : shareOf(here);
}

interface Assignment {
  readonly lane: number;
  readonly plan: PlannedRun;
  readonly state: State;
}

function runOn(worker: WorkerProcess, { lane, plan, state }: Assignment): Promise<Answer> {
  const { progress, engine, results } = state.options;
  progress.begin(lane, plan);
  return worker.run(
    { plan, engine, results: results ?? resultsFolder() },
    (event) => progress.event(lane, event),
    progress.note,
  );
}

/** Counts the run, or queues it once more when its worker died. */
function settle(lane: number, plan: PlannedRun, answer: Answer, state: State): void {
  state.claims.release(runPath(plan.spec, state.options.results));
  state.options.progress.end(lane, plan, answer);
  const id = runId(plan.spec);
  if (answer.kind === 'done') state.finished += 1;
  else if (answer.kind === 'failed') state.failed.push({ plan, message: answer.message, user: answer.user });
  else if (answer.kind === 'stopped') return;
  else if (state.retried.has(id)) state.failed.push({ plan, message: `${answer.reason}, twice`, user: false });
  else {
    state.retried.add(id);
    state.queue.unshift(plan);
  }
}

/** No worker can start: the rest would fail alike. */
function giveUp(state: State, answer: Answer): void {
  const message = answer.kind === 'died' ? `no worker could start: ${answer.reason}` : 'no worker could start';
  for (const plan of state.queue.splice(0)) state.failed.push({ plan, message, user: false });
}
