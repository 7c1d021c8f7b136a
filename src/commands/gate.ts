import { scoreBaselines, writeBaselines } from '../experiments/findings/baselines';
import { answerBaselines, writeLabelBaselines, type LabelBaselines } from '../experiments/findings/label-baselines';
import { judgeGate, writeGate } from '../experiments/findings/gate-record';
import { baseGate } from '../experiments/studies/base-gate';
import type { Block } from '../experiments/studies/block';
import { encoderSettings } from '../experiments/studies/settings';
import { taskNamed } from '../tasks/registry';
import { UserError } from '../errors';
import { tableText } from '../plots/table';
import { baselineTable, gateTable } from '../views/gate-table';
import { flag, print, printJson, wordOf, type Input } from './command';
import { relativePath } from './paths';

/**
 * `petl gate`: every comparison that the base must win, and the tasks that it wins; kept where the full runs decide.
 */
export async function gateCommand(input: Input): Promise<number> {
  const tier = wordOf(input, 'tier', { words: ['quick', 'full'], fallback: 'full' });
  const record = await judgeGate(baseGate(tier));
  if (record.lines.length === 0)
    throw new UserError(`no finished runs of base-gate, tier ${tier}: run npx petl study base-gate --tier ${tier}`);
  const file = tier === 'full' ? [relativePath(writeGate(record))] : [];
  if (flag(input, 'json')) printJson({ tier, ...record });
  else
    print(
      [
        tableText(gateTable(record.lines)),
        record.settings.map(({ task, model, outcome }) => `${task}, ${model}: ${outcome}`).join('\n'),
        ...file.map((path) => `  ${path}`),
      ].join('\n\n'),
    );
  return record.settings.every(({ outcome }) => outcome === 'passed') ? 0 : 1;
}

/** `petl baselines TASK`: scores answers without a model and keeps them for tables. */
export async function baselinesCommand(input: Input): Promise<number> {
  const name = input.positionals[0] ?? '';
  const { kind, writes } = taskNamed(name);
  const score = answerBaselines[kind];
  if (score === undefined && writes === null) throw new UserError(noBaseline(name, kind));
  if (score !== undefined) {
    const { examples = 'all', scored } = settingOf(name)?.training.full ?? {};
    return printAnswers(await score(name, { train: examples, test: scored?.test ?? 'all' }), input);
  }
  const record = await scoreBaselines(name);
  const path = relativePath(writeBaselines(record));
  if (flag(input, 'json')) printJson({ ...record, path });
  else print(`${tableText(baselineTable(record))}\n\n  ${path}`);
  return 0;
}

const noBaseline = (name: string, kind: string): string =>
  `task "${name}" is of kind ${kind}, for which there are no answers without a model: name one with one label for each ` +
  'text, such as spam, with answers in its texts, such as squad-shifts, or that writes texts, such as synopsis';

/** For labels the most frequent one and a linear model of words, for spans the sliding window: on what the runs learn from. */
function printAnswers(record: LabelBaselines, input: Input): number {
  const path = relativePath(writeLabelBaselines(record));
  if (flag(input, 'json')) printJson({ ...record, path });
  else print(`${record.rows.map(({ about, score }) => `${score.toFixed(3)}  ${about}`).join('\n')}\n\n  ${path}`);
  return 0;
}

const settingOf = (task: string): Block | undefined =>
  encoderSettings.map(({ block }) => block).find((block) => block.task === task);
