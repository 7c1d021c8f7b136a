import { UserError } from '../errors';
import { join } from 'node:path';
import { tableText } from '../plots/table';
import { cutWords } from '../tasks/cuts';
import { readKept } from '../training/kept';
import { namesIn, removeFromFolder } from '../training/bank-folder';
import { addToFolder, TaskBank } from '../training/task-bank';
import { answerLine } from './answers';
import { demandTaken, flag, givenOf, print, printJson, textOf, type Input } from './command';

/** The options that each part takes; the others are refused. */
const options = {
  add: ['adapter', 'model', 'json'],
  remove: ['json'],
  list: ['json'],
  predict: ['text', 'pair', 'task', 'model', 'json'],
} as const;

/** `petl bank add|list|remove|predict BANK [NAME]`: adapters on one frozen model, each in a folder of its name. */
export async function bankCommand(input: Input): Promise<number> {
  const [action, folder = '', name] = input.positionals;
  if (action !== 'add' && action !== 'list' && action !== 'remove' && action !== 'predict')
    throw new UserError(`petl bank takes add, list, remove or predict, not "${action ?? ''}"`);
  demandTaken(input, `petl bank ${action}`, { options: options[action], positionals: action === 'list' ? 2 : 3 });
  switch (action) {
    case 'add':
      await addToFolder(folder, named(name, 'add'), textOf(input, 'adapter'), givenOf(input, 'model'));
      return said(`${join(folder, named(name, 'add'))}`, input);
    case 'remove':
      removeFromFolder(folder, named(name, 'remove'));
      return said(`removed ${named(name, 'remove')} from ${folder}`, input);
    case 'list':
      return listed(folder, input);
    case 'predict':
      return await answered(folder, input, askedTask(name, givenOf(input, 'task')));
  }
}

function named(name: string | undefined, action: string): string {
  if (name !== undefined) return name;
  throw new UserError(`petl bank ${action} needs the task's name: petl bank ${action} BANK NAME`);
}

/** The task that is asked, as BANK NAME or as --task NAME; every one where it is undefined. */
function askedTask(name: string | undefined, task: string | undefined): string | undefined {
  if (name === undefined || task === undefined || name === task) return task ?? name;
  throw new UserError(`petl bank predict is asked for "${name}" and for --task "${task}": name one of them`);
}

function said(text: string, input: Input): number {
  if (flag(input, 'json')) printJson({ done: text });
  else print(text);
  return 0;
}

function listed(folder: string, input: Input): number {
  const rows = namesIn(folder).map((name) => {
    const { record, task } = readKept(join(folder, name));
    return { name, task: task.name, method: record.written, base: record.base.name };
  });
  if (flag(input, 'json')) printJson(rows);
  else
    print(
      tableText({
        columns: ['name', 'task', 'method', 'model'].map((title) => ({ title, align: 'left' })),
        rows: rows.map(({ name, task, method, base }) => [name, task, method, base]),
      }),
    );
  return 0;
}

/** Of one task, or of every one that reads as many texts as are given. */
async function answered(folder: string, input: Input, task: string | undefined): Promise<number> {
  const text = textOf(input, 'text');
  const bank = await TaskBank.load(folder, givenOf(input, 'model'));
  try {
    const pair = givenOf(input, 'pair') ?? null;
    const told =
      task === undefined
        ? (await bank.predictAll(text, pair)).map(({ task: name, answer }) => ({ task: name, ...answer }))
        : (await bank.predict([{ task, text, pair }])).map((answer) => ({ task, ...answer }));
    const left = bank.names.filter((name) => task === undefined && told.every((one) => one.task !== name));
    if (left.length > 0)
      process.stderr.write(`left out, as they read ${pair === null ? 'two texts' : 'one text'}: ${left.join(', ')}\n`);
    for (const { task: name, cut } of bank.cuts(told.map((one) => ({ task: one.task, text, pair }))))
      process.stderr.write(`petl: ${name}: ${cutWords(cut)}, as in training\n`);
    if (flag(input, 'json')) printJson(told);
    else print(told.map((one) => `${one.task}\t${answerLine(one)}`).join('\n'));
    return 0;
  } finally {
    bank.dispose();
  }
}
