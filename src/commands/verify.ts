import { codeFingerprint } from '../experiments/store/code';
import { madeBy } from '../experiments/store/entry';
import { progressTable } from '../experiments/runner/progress';
import { verifyRuns, type Verified } from '../experiments/runner/verify';
import { tableText } from '../plots/table';
import { diffTable } from '../views/run-diff';
import { verifiedTable } from '../views/verified-table';
import { flag, print, printJson, type Input } from './command';
import { recordNamed } from './runs';
import { exitCode, sayFailures, withInterrupt } from './study';

/** `petl verify RUN...`: makes stored runs again and compares every number; 1 where one does not hold. */
export async function verifyCommand(input: Input): Promise<number> {
  const records = input.positionals.map(recordNamed);
  const { report, verified } = await withInterrupt((signal) =>
    verifyRuns(records, { progress: progressTable(), signal }),
  );
  if (flag(input, 'json')) printJson(verified.map(asJson));
  else if (verified.length > 0) print([tableText(verifiedTable(verified)), ...verified.flatMap(details)].join('\n\n'));
  sayFailures(report);
  return Math.max(exitCode(report), verified.every(({ verdict }) => verdict !== 'differs') ? 0 : 1);
}

function asJson({ record, difference, verdict }: Verified): object {
  const { id, spec, environment } = record.run;
  return { id, study: spec.study, verdict, code: madeBy(environment.code, codeFingerprint()), difference };
}

function details({ record, difference, verdict }: Verified): readonly string[] {
  return verdict === 'differs' ? [`${record.run.id}\n${tableText(diffTable(difference))}`] : [];
}
