import { UserError } from '../errors';
import { cutWords } from '../tasks/cuts';
import { readOwn, readText } from '../tasks/own/files';
import { demandColumn, demandWhole } from '../tasks/own/records';
import type { Reading } from '../training/kinds/kind';
import { answerLine } from './answers';
import { demandTaken, flag, print, printJson, textOf, type Input } from './command';

const always = ['adapter', 'model', 'json'];

/** `petl predict`: what a kept adapter answers to a text, or to each line or row of a file. */
export async function predictCommand(input: Input): Promise<number> {
  const readings = readingsOf(input);
  const { Adapter } = require('../training/adapter') as typeof import('../training/adapter');
  const model = input.values['model'];
  const adapter = new Adapter(textOf(input, 'adapter'), typeof model === 'string' ? model : undefined);
  try {
    const answers = await adapter.predict(readings);
    for (const cut of await adapter.cuts(readings)) console.error(`petl: ${cutWords(cut)}, as in training`);
    if (flag(input, 'json')) printJson(answers.map(({ kind: _, ...answer }) => answer));
    else print(answers.map(answerLine).join('\n'));
    return 0;
  } finally {
    adapter.dispose();
  }
}

function readingsOf(input: Input): readonly Reading[] {
  const { text, file } = input.values;
  if ((text === undefined) === (file === undefined))
    throw new UserError('give what is to be predicted as --text TEXT or --file FILE, one of them');
  if (text !== undefined) demandTaken(input, 'petl predict --text', { options: ['text', 'pair', ...always] });
  if (typeof text === 'string') return [{ text, pair: wordOrNull(input, 'pair') }];
  return fileReadings(textOf(input, 'file'), input);
}

/** A plain file has a text on each line; a table names its columns. */
function fileReadings(path: string, input: Input): readonly Reading[] {
  if (!/\.(csv|tsv|jsonl|ndjson)$/i.test(path)) {
    demandTaken(input, 'petl predict on a file with a text a line', { options: ['file', ...always] });
    const lines = readText(path).split(/\r?\n/);
    if (lines[lines.length - 1] === '') lines.pop();
    return lines.map((text) => ({ text }));
  }
  const records = readOwn(path);
  const column = demandColumn(records, wordOrNull(input, 'column') ?? 'text', 'text');
  const second = wordOrNull(input, 'pair');
  if (second !== null) demandColumn(records, second, 'second text');
  return records.rows.map((row) => ({
    text: demandWhole(row, column, 'text'),
    pair: second === null ? null : demandWhole(row, second, 'second text'),
  }));
}

function wordOrNull({ values }: Input, name: string): string | null {
  const value = values[name];
  return typeof value === 'string' ? value : null;
}
