import { asRecorded, runAsRecorded, type Recorded } from '../experiments/runner/recorded';
import { repeatAt, repeatOf, repeatsFolder } from '../experiments/runner/repeat';
import { recordAt } from '../experiments/store/read';
import type { RunRecord } from '../experiments/store/record';
import { tableText } from '../plots/table';
import { repeatTable } from '../views/repeat-table';
import { flag, print, printJson, wholeOf, type Input } from './command';
import { exitCode, optionsOf, sayFailures, withInterrupt } from './study';

/**
 * `petl repeat RUN...`: makes recorded runs a second time, with their seeds or a new one, and says whether the results
 * hold.
 */
export async function repeatCommand(input: Input): Promise<number> {
  const all = input.positionals.map((path) => repeated(recordAt(path), input));
  const report = await withInterrupt((signal) =>
    runAsRecorded(all, { ...optionsOf(input), again: true, results: repeatsFolder(), signal }),
  );
  const failed = new Set(report.failed.map(({ plan }) => plan));
  const found = all.filter(({ plan }) => !failed.has(plan)).flatMap(({ plan }) => repeatAt(plan.spec));
  if (flag(input, 'json')) printJson(found);
  else if (found.length > 0) print(tableText(repeatTable(found)));
  sayFailures(report);
  return Math.max(exitCode(report), found.every(({ held }) => held) ? 0 : 1);
}

function repeated(record: RunRecord, input: Input): Recorded {
  const seed = wholeOf(input, 'seed', { least: 0, most: 2 ** 31 - 1, fallback: record.run.spec.seed });
  return { ...asRecorded(record, repeatOf(record, { seed })), engine: optionsOf(input).engine };
}
