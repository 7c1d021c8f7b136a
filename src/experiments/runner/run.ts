import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { UserError } from '../../errors';
import { demandWritable } from '../../files';
import { locks, type Owner } from '../../processes';
import { programKey, type TrainingJob } from '../../training/job';
import { tee } from './board';
import { openClaims, type Claims } from './claims';
import type { PlannedRun } from './execute';
import { openCluster, type Cluster } from './cluster';
import { costsBy } from './cost';
import { demandRoom } from './memory';
import { before, waiting } from './schedule';
import { launchWorker, threadsOf as shareOf, type Answer, type Launch, type WorkerProcess } from './process';
import type { Failure, Progress, StudyReport } from './report';
import { keepPicture } from './watch';
import { codeFingerprint } from '../store/code';
import { madeBy } from '../store/entry';
import { listRuns } from '../store/index-cache';
import { isFinished, readRun } from '../store/read';
import { resultsFolder, runId, runPath } from '../store/spec';

export interface RunOptions {
  readonly workers: number;
  /**
   * Of each worker; its share of the cores where left out, be the runs ever so few: sums round otherwise with another
   * number.
   */
  readonly threads?: number;
  readonly engine: TrainingJob['engine'];
  readonly progress: Progress;
  /** Run what is finished again, too. */
  readonly again?: boolean;
  /** Each run in a process of its own, so that its memory is its own. */
  readonly alone?: true;
  readonly results?: string;
  readonly launch?: Launch;
  /** Where runs are made instead of here: `tcp://HOST:PORT` of a Dask scheduler, or `local:3`. */
  readonly cluster?: string;
  /** Aborted by an interrupt: workers keep the state of the runs in hand and end, finished runs stay. */
  readonly signal?: AbortSignal;
}

/**
 * Executes the runs that have no finished file, in `workers` long-lived processes. A run whose worker dies is tried
 * once more in
 * a new one. A run that another process has in hand is left to it. Finished runs are on disk at once, so killing this process at any point loses only the runs in hand.
 */
export async function runPlanned(plans: readonly PlannedRun[], given: RunOptions): Promise<StudyReport> {
  const progress = tee(given.progress, keepPicture(given.results));
  const options = { ...given, progress };
  const queue = options.again === true ? [...plans] : missing(plans, options);
  for (const folder of new Set(queue.map(({ spec }) => dirname(runPath(spec, options.results)))))
    demandWritable(folder);
  const cluster = await clusterOf(queue, options);
  const costs = costsOf(queue, options);
  const lanes = Math.min(cluster === undefined ? options.workers : mostRemote, queue.length);
  const state: State = {
    queue,
    retried: new Set(),
    claims: openClaims(),
    waited: new Set(),
    active: new Map(),
    workers: new Set(),
    failed: [],
    finished: 0,
    elsewhere: 0,
    costs,
    slots: cluster?.slots ?? (() => lanes),
    options: cluster === undefined ? options : { ...options, launch: cluster.launch },
  };
  const reused = plans.length - queue.length;
  progress.plan([...queue], reused, costs);
  const abort = (): void => state.workers.forEach((worker) => worker.interrupt());
  options.signal?.addEventListener('abort', abort);
  try {
    await Promise.race([
      Promise.all(Array.from({ length: lanes }, (_, lane) => serveLane(lane, state))),
      aborted(options.signal).then(() => pause(cluster === undefined ? 5_000 : 20_000, undefined, { ref: false })),
    ]);
  } finally {
    options.signal?.removeEventListener('abort', abort);
    state.workers.forEach((worker) => worker.stop());
    cluster?.close();
    state.claims.releaseAll();
    progress.close();
  }
  return {
    reused: reused + state.elsewhere,
    finished: state.finished,
    failed: state.failed,
    interrupted: options.signal?.aborted === true,
  };
}

/** Runs that are asked of a cluster at once, at most. */
const mostRemote = 256;

async function clusterOf(queue: readonly PlannedRun[], options: RunOptions): Promise<Cluster | undefined> {
  const { cluster, alone, results, progress } = options;
  if (cluster === undefined || queue.length === 0) return undefined;
  if (alone === true) throw new UserError('what this study measures is time on one machine: run it without a cluster');
  return await openCluster(cluster, results ?? resultsFolder(), progress.note);
}

interface State {
  readonly queue: PlannedRun[];
  readonly retried: Set<string>;
  /** What this study has taken, so that others on the same folder do not train it too. */
  readonly claims: Claims;
  /** Runs of others that were spoken of. */
  readonly waited: Set<string>;
  /** What compiles alike in each lane. */
  readonly active: Map<number, string>;
  readonly workers: Set<WorkerProcess>;
  readonly failed: Failure[];
  finished: number;
  /** Runs that others finished. */
  elsewhere: number;
  /** About how long a run takes. */
  readonly costs: (plan: PlannedRun) => number;
  /** How many lanes may work now. */
  readonly slots: () => number;
  readonly options: RunOptions;
}

/** Judged once, by the runs that are stored when the study begins; what cannot fit is refused. */
function costsOf(queue: readonly PlannedRun[], options: RunOptions): (plan: PlannedRun) => number {
  if (queue.length === 0) return () => 1;
  const cost = costsBy(listRuns(options.results));
  const costs = new Map(queue.map(({ spec }) => [runId(spec), cost(spec)]));
  if (options.cluster === undefined)
    demandRoom(
      [...costs.values()].map(({ peakMb }) => peakMb),
      Math.min(options.workers, queue.length),
      process.availableMemory() / 2 ** 20,
    );
  return ({ spec }) => costs.get(runId(spec))?.seconds ?? 1;
}

function missing(plans: readonly PlannedRun[], { results, progress }: RunOptions): PlannedRun[] {
  let others = 0;
  const left = plans.filter(({ spec }) => {
    const stored = readRun(runPath(spec, results));
    if (stored.kind === 'damaged') progress.note(`${stored.path}: ${stored.reason}; running it again`);
    if (stored.kind !== 'finished') return true;
    const { code } = stored.record.run.environment;
    if (code !== undefined && madeBy(code, codeFingerprint()) === 'other') others += 1;
    return false;
  });
  if (others > 0)
    progress.note(
      `${others} of ${plans.length - left.length} finished runs were made by other code than is here: npx petl runs names them, npx petl verify RUN says whether their numbers hold, --again makes them anew`,
    );
  return left;
}

function aborted(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) resolve();
    signal?.addEventListener('abort', () => resolve());
  });
}

/** One worker after another until no run is left. */
async function serveLane(lane: number, state: State): Promise<void> {
  let worker: WorkerProcess | undefined;
  let unborn = 0;
  for (let plan = await next(lane, state); plan !== undefined; plan = await next(lane, state)) {
    worker ??= launch(state);
    const answer = await runOn(worker, { lane, plan, state });
    if (answer.kind === 'died') {
      state.workers.delete(worker);
      worker = undefined;
      unborn = answer.started ? 0 : unborn + 1;
    }
    settle(lane, plan, answer, state);
    if (state.options.alone === true && worker !== undefined) {
      dismiss(worker, state);
      worker = undefined;
    }
    if (unborn === 3) giveUp(state, answer);
  }
  worker?.stop();
}

function dismiss(worker: WorkerProcess, { workers }: State): void {
  workers.delete(worker);
  worker.stop();
}

function launch({ options, workers }: State): WorkerProcess {
  const worker = (options.launch ?? launchWorker)(options.threads ?? threadsOf(options));
  workers.add(worker);
  return worker;
}

/** A worker's share of these cores; on machines that are not known, one. */
function threadsOf({ cluster, workers }: RunOptions): number {
  if (cluster === undefined) return shareOf(workers);
  return cluster.startsWith('local:') ? shareOf(Number(cluster.slice(6))) : 1;
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

/** The next run that no other process has in hand; waits while others have all that is left. */
async function next(lane: number, state: State): Promise<PlannedRun | undefined> {
  const { queue, options } = state;
  while (queue.length > 0 && options.signal?.aborted !== true) {
    const plan = lane < state.slots() ? inOrder(lane, state).find((candidate) => isOurs(candidate, state)) : undefined;
    if (plan === undefined) {
      await pause(500);
      continue;
    }
    queue.splice(queue.indexOf(plan), 1);
    if (options.again === true || !isFinished(runPath(plan.spec, options.results))) {
      state.active.set(lane, programKey(plan.spec));
      return plan;
    }
    state.claims.release(runPath(plan.spec, options.results));
    state.elsewhere += 1;
  }
  return undefined;
}

/** The runs that wait, in the order in which the lane should take them. */
function inOrder(lane: number, { queue, active, costs, slots }: State): readonly PlannedRun[] {
  const others = new Set([...active].flatMap(([other, key]) => (other === lane ? [] : [key])));
  const jobs = queue.map((plan) => ({ plan, key: programKey(plan.spec), seconds: costs(plan) }));
  const lanes = Math.min(slots(), queue.length + active.size);
  return jobs.sort(before(waiting(jobs), { lanes, own: active.get(lane), others })).map(({ plan }) => plan);
}

/** A run that cannot be claimed, as on a full disk, has failed; the others go on. */
function isOurs(plan: PlannedRun, state: State): boolean {
  try {
    return claimed(plan, state);
  } catch (error) {
    state.queue.splice(state.queue.indexOf(plan), 1);
    state.failed.push({ plan, message: (error as Error).message, user: error instanceof UserError });
    return false;
  }
}

function claimed(plan: PlannedRun, { claims, waited, options }: State): boolean {
  const path = runPath(plan.spec, options.results);
  const owner = claims.take(path);
  if (owner !== undefined && !waited.has(path)) {
    waited.add(path);
    options.progress.note(`${plan.label}, seed ${plan.spec.seed}: in the hands of ${nameOf(owner)}`);
  }
  return owner === undefined;
}

function nameOf(owner: Owner): string {
  return locks().nameOf(owner);
}
