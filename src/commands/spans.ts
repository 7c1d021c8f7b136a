import { UserError } from '../errors';
import { measureSpans } from '../experiments/spans';
import { demandSpansOf, joinedSpans, readSpans, scoreWithout, writeSpans } from '../experiments/span-record';
import { sharedRuns, variantOfMethod } from '../experiments/studies/study';
import { demandTuned } from '../experiments/studies/demand-tuned';
import { labelledTask } from '../tasks/classification';
import { taskNamed } from '../tasks/registry';
import { spansOf } from '../tasks/spans';
import { flag, print, printJson, textOf, type Input } from './command';
import { relativePath } from './paths';
import { studyOf, tierOf } from './study';

/**
 * `petl spans STUDY --method METHOD`: trains a method's runs again and scores them with the adapters of every span of
 * layers left out; seeds that the record has are passed over.
 */
export async function spansCommand(input: Input): Promise<number> {
  const study = studyOf(input);
  demandTuned(study);
  const runs = sharedRuns(study, variantOfMethod(study, textOf(input, 'method', 'houlsby:m=32')));
  const [first] = runs;
  if (first === undefined || new Set(runs.map(({ task }) => task)).size > 1)
    throw new UserError(`${study.name} has several tasks: name a study of one, such as many-lexical-field`);
  labelledTask(taskNamed(first.task));
  const isKept = tierOf(input) === 'full';
  let record = isKept ? readSpans(first.task) : undefined;
  if (record !== undefined) await demandSpansOf(record, runs);
  for (const spec of runs) {
    if (record?.seeds.some(({ seed }) => seed === spec.seed) === true) continue;
    record = joinedSpans(record, await measureSpans(spec, (line) => process.stderr.write(`${line}\n`)));
    if (isKept) writeSpans(record);
  }
  if (record === undefined) throw new UserError(`${study.name} has no runs`);
  const made = record;
  const rows = spansOf(made.layers).map((span) => ({ span, accuracy: scoreWithout(made, span) }));
  if (flag(input, 'json')) printJson({ ...made, seeds: made.seeds.length, rows });
  else
    print(
      [
        ...rows.map(({ span, accuracy }) => `${nameOf(span).padEnd(24)}${(100 * accuracy).toFixed(1)}%`),
        ...(isKept ? [`  ${relativePath(writeSpans(made))}`] : []),
      ].join('\n'),
    );
  return 0;
}

function nameOf(span: readonly [number, number] | null): string {
  return span === null ? 'all adapters' : `without ${span[0] + 1} to ${span[1] + 1}`;
}
