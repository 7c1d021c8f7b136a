import { UserError } from '../errors';
import { labelledTask, type ClassificationExample } from '../tasks/classification';
import { examplesOf } from '../tasks/pinned';
import { taskNamed } from '../tasks/registry';
import { take } from '../training/data';
import { readRun } from './store/read';
import { runId, runPath, type RunSpec } from './store/spec';

/** What a record is of, in words: `{ method: 'houlsby:m=32', model: 'minilm-l6' }`; undefined where it does not say. */
export type Of = Readonly<Record<string, string | undefined>>;

/** `is of method lora:r=4, not houlsby:m=32`; undefined where the two are of one thing in all that both say. */
export function otherThan(held: Of, wanted: Of): string | undefined {
  const word = Object.keys(wanted).find(
    (key) => held[key] !== undefined && wanted[key] !== undefined && held[key] !== wanted[key],
  );
  return word === undefined ? undefined : `is of ${word} ${held[word]}, not ${wanted[word]}`;
}

/** Holds a record against what is asked for, before any of its numbers count. @throws UserError where it is of another */
export function demandOf(path: string, held: Of, wanted: Of): void {
  const other = otherThan(held, wanted);
  if (other !== undefined) throw new UserError(`${path} ${other}: ${remedy}`);
}

const remedy = 'ask for what it is of, or move the file away to make another';

/**
 * The same for a record from before the hash of its runs' spec: a finished run of the spec answered as the record says.
 * @param answers a digit for each test example, 1 where it is answered right; undefined where the record has none
 */
export function demandAnswersOf(
  path: string,
  answers: string | undefined,
  { spec, results }: { readonly spec: RunSpec; readonly results: string | undefined },
): void {
  const stored = readRun(runPath(spec, results));
  if (stored.kind !== 'finished' || answers === undefined) return;
  if (stored.record.final.perExample.join('') !== answers)
    throw new UserError(`${path} is not of run ${runId(spec)}, which answered otherwise: ${remedy}`);
}

/** The test examples that a run is scored on. @throws UserError for a task without labels */
export async function testsOf({ task, training }: RunSpec): Promise<readonly ClassificationExample[]> {
  const { test } = await examplesOf(labelledTask(taskNamed(task)));
  return take(test, training.scored.test);
}
