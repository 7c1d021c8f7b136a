import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { UserError } from '../../errors';
import { demandWritable } from '../../files';
import { foreseePeaks } from '../foresight/foresee';
import { nameOf, tee } from './board';
import { openClaims } from './claims';
import type { PlannedRun } from './execute';
import { openCluster, workersHere, type Cluster } from './cluster';
import { costsBy } from './cost';
import { demandRoom, demandWithin, roomLine } from './memory';
import { serveLane } from './lane';
import type { StudyReport } from './report';
import type { RunOptions, State } from './state';
import { keepPicture } from './watch';
import { codeFingerprint } from '../store/code';
import { madeBy } from '../store/entry';
import { listRuns } from '../store/index-cache';
import { readRun } from '../store/read';
import { resultsFolder, runId, runPath } from '../store/spec';

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
  demandMemory(queue, options);
  const cluster = await clusterOf(queue, options);
  const costs = costsOf(queue, options);
  const lanes = Math.min(cluster === undefined ? options.workers : mostRemote, queue.length);
  const state = startOf({
    queue,
    costs,
    slots: cluster?.slots ?? (() => lanes),
    options: cluster === undefined ? options : { ...options, launch: cluster.launch },
  });
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

/** What lanes share before any has begun. */
function startOf(given: Pick<State, 'queue' | 'costs' | 'slots' | 'options'>): State {
  return {
    ...given,
    retried: new Set(),
    begun: new Set(),
    claims: openClaims(),
    waited: new Set(),
    active: new Map(),
    workers: new Set(),
    failed: [],
    finished: 0,
    elsewhere: 0,
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

/** Judged once, by the runs that are stored when the study begins. */
function costsOf(queue: readonly PlannedRun[], { results }: RunOptions): (plan: PlannedRun) => number {
  if (queue.length === 0) return () => 1;
  const cost = costsBy(listRuns(results));
  const costs = new Map(queue.map(({ spec }) => [runId(spec), cost(spec)]));
  return ({ spec }) => costs.get(runId(spec)) ?? 1;
}

/** Says what memory is foreseen, and refuses what cannot fit. Workers that are handed in are their owner's. */
function demandMemory(queue: readonly PlannedRun[], options: RunOptions): void {
  const { launch, cluster, memoryMb, workers, progress } = options;
  const side = cluster === undefined ? workers : workersHere(cluster);
  if (queue.length === 0 || launch !== undefined) return;
  const foreseen = foreseePeaks(queue.map(({ spec }) => spec));
  const runs = queue.map((plan) => ({ name: nameOf(plan), peakMb: foreseen(plan.spec) }));
  if (memoryMb !== undefined) demandWithin(runs, memoryMb);
  if (side === 0) return;
  const free = process.availableMemory() / 2 ** 20;
  const count = Math.min(side, queue.length);
  demandRoom(runs, count, free, cluster === undefined ? undefined : '--cluster local:');
  progress.note(roomLine(runs, count, free));
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
