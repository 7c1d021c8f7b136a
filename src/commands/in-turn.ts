import { UserError } from '../errors';
import { measureInTurn } from '../experiments/in-turn';
import {
  demandInTurnOf,
  joinedInTurn,
  readInTurn,
  shareRight,
  turnMethods,
  writeInTurn,
  type Turn,
} from '../experiments/in-turn-record';
import type { RunSpec } from '../experiments/store/spec';
import { demandTuned } from '../experiments/studies/demand-tuned';
import { studyNamed } from '../experiments/studies/index';
import { variantOfMethod, type Study } from '../experiments/studies/study';
import { labelledTask } from '../tasks/classification';
import { taskNamed } from '../tasks/registry';
import { flag, print, printJson, textOf, type Input } from './command';
import { relativePath } from './paths';
import { studyOf, tierOf } from './study';

/**
 * `petl in-turn STUDY --then STUDY`: a task and then another by full fine-tuning and by adapters, and what is left of the
 * first; seeds that the record has are passed over.
 */
export async function inTurnCommand(input: Input): Promise<number> {
  const study = studyOf(input);
  const then = studyNamed(textOf(input, 'then', 'many-bible-version'), tierOf(input));
  for (const one of [study, then]) demandTuned(one);
  const isKept = tierOf(input) === 'full';
  const turns = turnsOf(study, then);
  const task = turns[0]?.[0]?.first.task ?? '';
  let record = isKept ? readInTurn(task) : undefined;
  if (record !== undefined) await demandInTurnOf(record, turns);
  for (const turn of turns) {
    if (record?.seeds.some(({ seed }) => seed === turn[0]?.first.seed) === true) continue;
    record = joinedInTurn(record, await measureInTurn(turn, (line) => process.stderr.write(`${line}\n`)));
    if (isKept) writeInTurn(record);
  }
  if (record === undefined) throw new UserError(`${study.name} has no runs`);
  const made = record;
  const columns = Object.keys(made.seeds[0]?.right ?? {});
  const shares = columns.map((column) => ({ column, right: shareRight(made, column) }));
  if (flag(input, 'json')) printJson({ task: made.task, then: made.then, seeds: made.seeds.length, shares });
  else
    print(
      [
        ...shares.map(({ column, right }) => `${column.padEnd(24)}${(100 * right).toFixed(1)}%`),
        ...(isKept ? [`  ${relativePath(writeInTurn(made))}`] : []),
      ].join('\n'),
    );
  return 0;
}

/** For each seed that both studies have both methods' runs of the two tasks. */
function turnsOf(study: Study, then: Study): readonly (readonly Turn[])[] {
  const runs = (one: Study, method: string): readonly RunSpec[] => {
    const found = variantOfMethod(one, method).runs;
    if (new Set(found.map(({ task }) => task)).size === 1) return found;
    throw new UserError(`${one.name} has several tasks: name a study of one, such as many-sentiment`);
  };
  const second = runs(then, turnMethods.full);
  const [one, next] = [runs(study, turnMethods.full)[0], second[0]];
  if (one !== undefined) labelledTask(taskNamed(one.task));
  if (one?.task === next?.task || one?.model !== next?.model)
    throw new UserError(
      `${then.name} is no second task after ${study.name}: name a study of another task on the same model by --then`,
    );
  const seeds = runs(study, turnMethods.full).filter(({ seed }) => second.some((run) => run.seed === seed));
  return seeds.map(({ seed }) =>
    (['full', 'adapters'] as const).flatMap((name): readonly Turn[] => {
      const [first, next] = [study, then].map((one) => runs(one, turnMethods[name]).find((run) => run.seed === seed));
      return first === undefined || next === undefined ? [] : [{ name, first, then: next }];
    }),
  );
}
