import { UserError } from '../errors';
import { join } from 'node:path';
import { tableText } from '../plots/table';
import { readDeltaRecord } from '../petl/bank/store';
import { readNote } from '../training/kept';
import { namesIn, removeFromFolder } from '../training/bank-folder';
import { addToFolder, TaskBank } from '../training/task-bank';
import { answerLine } from './answers';
import { flag, givenOf, print, printJson, textOf, type Input } from './command';

/** `petl bank add|list|remove|predict BANK [NAME]`: adapters on one frozen model, each in a folder of its name. */
export async function bankCommand(input: Input): Promise<number> {
  const [action, folder = '', name] = input.positionals;
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
      return await answered(folder, input);
    default:
      throw new UserError(`petl bank takes add, list, remove or predict, not "${action ?? ''}"`);
  }
}

function named(name: string | undefined, action: string): string {
  if (name !== undefined) return name;
  throw new UserError(`petl bank ${action} needs the task's name: petl bank ${action} BANK NAME`);
}

function said(text: string, input: Input): number {
  if (flag(input, 'json')) printJson({ done: text });
  else print(text);
  return 0;
}

function listed(folder: string, input: Input): number {
  const rows = namesIn(folder).map((name) => {
    const { written, base } = readDeltaRecord(join(folder, name));
    return { name, task: readNote(join(folder, name)).task.name, method: written, base: base.name };
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

/** Of one task, or of every one; those that find answers in a second text need one. */
async function answered(folder: string, input: Input): Promise<number> {
  const [text, task] = [textOf(input, 'text'), givenOf(input, 'task')];
  const bank = await TaskBank.load(folder, givenOf(input, 'model'));
  try {
    const pair = givenOf(input, 'pair') ?? null;
    const told =
      task === undefined
        ? (await bank.predictAll(text, pair)).map(({ task: name, answer }) => ({ task: name, ...answer }))
        : (await bank.predict([{ task, text, pair }])).map((answer) => ({ task, ...answer }));
    if (flag(input, 'json')) printJson(told);
    else print(told.map((one) => `${one.task}\t${answerLine(one)}`).join('\n'));
    return 0;
  } finally {
    bank.dispose();
  }
}
