import { rmSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { UserError } from '../../errors';
import { locks } from '../../processes';
import { programKey } from '../../training/job';
import { isFinished } from '../store/read';
import { runId, runPath } from '../store/spec';
import { checkpointPath, type PlannedRun } from './execute';
import { before, waiting } from './schedule';
import type { State } from './state';

/** The next run that no other process has in hand; waits while others have all that is left. */
export async function next(lane: number, state: State): Promise<PlannedRun | undefined> {
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
      takeUp(plan, state);
      return plan;
    }
    state.claims.release(runPath(plan.spec, options.results));
    state.elsewhere += 1;
  }
  return undefined;
}

/** What is to be made anew does not go on from what an earlier study left. */
function takeUp({ spec }: PlannedRun, { begun, options }: State): void {
  const id = runId(spec);
  if (options.again === true && !begun.has(id)) rmSync(checkpointPath(spec, options.results), { force: true });
  begun.add(id);
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
    options.progress.note(`${plan.label}, seed ${plan.spec.seed}: in the hands of ${locks().nameOf(owner)}`);
  }
  return owner === undefined;
}
