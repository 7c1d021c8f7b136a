import { scoreBaselines, writeBaselines } from '../experiments/baselines';
import { gateLines, passedTasks, type GateLine } from '../experiments/gate';
import { baseGate } from '../experiments/studies/base-gate';
import { tasksOf } from '../experiments/studies/study';
import { readTuning } from '../experiments/tuned';
import { UserError } from '../errors';
import { tableText } from '../plots/table';
import { baselineTable, gateTable } from '../views/gate-table';
import { flag, print, printJson, wordOf, type Input } from './command';
import { relativePath } from './paths';

/** `petl gate`: every comparison that the base must win, and the tasks that it wins. */
export async function gateCommand(input: Input): Promise<number> {
  const tier = wordOf(input, 'tier', { words: ['quick', 'full'], fallback: 'full' });
  if (tier === 'full' && readTuning('base-gate') === undefined) throw new UserError('the rates of random weights are not tuned: run npx petl tune base-gate first');
  const study = baseGate(tier);
  const lines: readonly GateLine[] = await gateLines(study);
  if (lines.length === 0) throw new UserError(`no finished runs of base-gate, tier ${tier}: run npx petl study base-gate --tier ${tier}`);
  const passed = passedTasks(study, lines);
  if (flag(input, 'json')) printJson({ tier, lines, passed });
  else print(`${tableText(gateTable(lines))}\n\n${tasksOf(study).map((task) => `${task}: ${passed.includes(task) ? 'passed' : 'floor'}`).join('\n')}`);
  return passed.length === tasksOf(study).length ? 0 : 1;
}

/** `petl baselines TASK`: scores answers without a model and keeps them for tables. */
export async function baselinesCommand(input: Input): Promise<number> {
  const record = await scoreBaselines(input.positionals[0] ?? '');
  const path = relativePath(writeBaselines(record));
  if (flag(input, 'json')) printJson({ ...record, path });
  else print(`${tableText(baselineTable(record))}\n\n  ${path}`);
  return 0;
}
