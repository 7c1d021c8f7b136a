import { duration } from './clock';
import { readRun } from './experiments/store/read';
import type { RunRecord } from './experiments/store/record';
import { runPath, type RunSpec } from './experiments/store/spec';
import { deviation, mean } from './experiments/statistics/statistics';
import type { Study, Variant } from './experiments/studies/study';
import { groupBy } from './plots/summary';
import { shownTask } from './tasks/own/stored';

/** The runs of a variant on one task, with their records where they have finished. */
export interface Lot {
  readonly label: string;
  readonly runs: readonly { readonly spec: RunSpec; readonly record: RunRecord | undefined }[];
}

/** What is wanted of runs, as `train` is told. */
interface Wish {
  readonly again?: boolean;
  readonly missing?: 'train' | 'say';
  readonly results?: string;
}

/** Takes a line for the reader. */
export type Say = (line: string) => void;

/** The runs of a variant, task by task. */
export function lotsOf({ label, runs }: Variant, options: Wish, say: Say): readonly Lot[] {
  return [...groupBy(runs, ({ task }) => task).values()].map((specs) => ({
    label,
    runs: specs.map((spec) => ({ spec, record: storedRun(spec, options, say) })),
  }));
}

const foundIn = ({ runs }: Lot): readonly RunRecord[] => runs.flatMap(({ record }) => record ?? []);
const missingIn = ({ runs }: Lot): readonly RunSpec[] =>
  runs.flatMap(({ spec, record }) => (record === undefined ? [spec] : []));

/** What is on disk of one variant on one task, and what is not where that is all there is to say. */
export function sayOf(lot: Lot, study: Study, { missing }: Wish, say: Say): void {
  const [found, left] = [foundIn(lot), missingIn(lot)];
  if (found.length > 0) say(foundLine(lot.label, found));
  if (left.length > 0 && missing === 'say') say(missingLine(lot.label, left, study));
}

/** The same of many, in a line each. */
export function sayTogether(lots: readonly Lot[], { name, tier }: Study, { missing }: Wish, say: Say): void {
  const [found, left] = [lots.flatMap(foundIn), lots.flatMap(missingIn)];
  const variants = new Set(lots.map(({ label }) => label)).size;
  const runs = (count: number): string => `${count} ${count === 1 ? 'run' : 'runs'} of ${variants} variants`;
  const seconds = found.reduce((sum, { final }) => sum + final.seconds, 0);
  if (found.length > 0) say(`${runs(found.length)} on disk, trained in ${duration(seconds)}`);
  if (left.length > 0 && missing === 'say')
    say(`${runs(left.length)} not run yet: npx petl study ${name} --tier ${tier}`);
}

function storedRun(spec: RunSpec, { again, results }: Wish, say: Say): RunRecord | undefined {
  const stored = readRun(runPath(spec, results));
  if (stored.kind === 'damaged') say(`${stored.path}: ${stored.reason}; it does not count`);
  return stored.kind === 'finished' && again !== true ? stored.record : undefined;
}

/** One line: of one run, or of the mean of several. */
function foundLine(label: string, records: readonly RunRecord[]): string {
  const [first] = records as readonly [RunRecord];
  const { metric } = first.final;
  const scores = records.flatMap(({ final }) => final.score ?? []);
  const seconds = records.reduce((sum, { final }) => sum + final.seconds, 0).toFixed(0);
  if (records.length === 1)
    return `${label}, seed ${first.run.spec.seed}: finished run on disk, ${metric} ${scores[0]?.toFixed(4) ?? '-'}, trained in ${seconds} s`;
  const seeds = records.map(({ run }) => run.spec.seed).join(', ');
  return `${label} on ${shownTask(first.run.spec.task)}: ${records.length} finished runs on disk (seeds ${seeds}), ${metric} ${mean(scores).toFixed(4)} ± ${deviation(scores).toFixed(4)}, ${seconds} s`;
}

function missingLine(label: string, specs: readonly RunSpec[], { name, tier }: Study): string {
  return `${label} on ${shownTask(specs[0]?.task ?? '')}: not run yet (seeds ${specs.map(({ seed }) => seed).join(', ')}): npx petl study ${name} --tier ${tier}`;
}
