import type { PlannedRun } from '../experiments/execute';
import { recordAt } from '../experiments/read';
import { repeatAt, repeatOf, repeatsFolder } from '../experiments/repeat';
import { runPlanned } from '../experiments/run';
import { tableText } from '../plots/table';
import { repeatTable } from '../views/repeat-table';
import { flag, print, printJson, wholeOf, type Input } from './command';
import { exitCode, optionsOf, sayFailures, withInterrupt } from './study';

/** `petl repeat RUN...`: makes recorded runs a second time, with their seeds or a new one, and says whether the results hold. */
export async function repeatCommand(input: Input): Promise<number> {
  const plans = input.positionals.map((path) => planOf(path, input));
  const report = await withInterrupt((signal) => runPlanned(plans, { ...optionsOf(input), again: true, results: repeatsFolder(), signal }));
  const failed = new Set(report.failed.map(({ plan }) => plan));
  const found = plans.filter((plan) => !failed.has(plan)).flatMap(({ spec }) => repeatAt(spec));
  if (flag(input, 'json')) printJson(found);
  else if (found.length > 0) print(tableText(repeatTable(found)));
  sayFailures(report);
  return Math.max(exitCode(report), found.every(({ held }) => held) ? 0 : 1);
}

function planOf(path: string, input: Input): PlannedRun {
  const record = recordAt(path);
  return repeatOf(record, { seed: wholeOf(input, 'seed', { least: 0, most: 2 ** 31 - 1, fallback: record.run.spec.seed }) });
}
