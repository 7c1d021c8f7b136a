import { mean, quantile } from '../experiments/statistics/statistics';
import type { Column, Table } from '../plots/table';
import { examplesOf } from '../tasks/pinned';
import { taskNamed } from '../tasks/registry';
import type { ClassificationTask } from '../tasks/classification';
import type { Example, Task } from '../tasks/task';
import type { Tokenizer } from '../model/tokenizer';
import { noTokenizer } from '../model/tokenizer-place';

const left = (title: string): Column => ({ title, align: 'left' });
const right = (title: string): Column => ({ title, align: 'right' });
const splits = ['train', 'validation', 'test'] as const;

/** What a task holds: tables of its sizes and balance, of its token lengths with what is cut, and a few examples. */
export interface Inspected {
  readonly sizes: Table;
  readonly lengths: Table;
  readonly examples: Table;
}

export interface InspectOptions {
  /** Whose tokenizer counts; `minilm-l6` where left out. */
  readonly model?: string;
  /** Tokens beyond which a text is cut; 64, as a study has it, where left out. */
  readonly maxLength?: number;
}

/** Looks at a task, by value or name, as a model's tokenizer reads it. */
export async function inspect(
  given: Task | string,
  { model = 'minilm-l6', maxLength = 64 }: InspectOptions = {},
): Promise<Inspected> {
  const task = typeof given === 'string' ? taskNamed(given) : given;
  const data = await examplesOf(task);
  return {
    sizes: sizesTable(task, data),
    lengths: lengthsTable(data, { tokenizer: await tokenizerOf(model), maxLength }),
    examples: {
      columns: [left('example'), left('text'), left('answer')],
      rows: data.train.slice(0, 5).map((one) => [one.id, shortened(textOf(one)), shortened(answerOf(task, one))]),
    },
  };
}

async function tokenizerOf(model: string): Promise<Tokenizer> {
  const { openModel } = require('../model/open') as typeof import('../model/open');
  const { backbone, tokenizer } = await openModel(model);
  backbone.dispose();
  if (tokenizer !== undefined) return tokenizer;
  throw noTokenizer(model);
}

type Data = Readonly<Record<(typeof splits)[number], readonly Example[]>>;

function sizesTable(task: Task, data: Data): Table {
  const labels = 'labels' in task ? (task as ClassificationTask).labels : [];
  const share = (part: readonly Example[], label: number): string => {
    const has = ({ label: one, labels: some }: Said): boolean => one === label || some?.includes(label) === true;
    const count = part.filter((one) => has(one as Said)).length;
    return `${count} (${((100 * count) / part.length).toFixed(0)}%)`;
  };
  return {
    columns: [left(''), ...splits.map(right)],
    rows: [
      ['examples', ...splits.map((split) => String(data[split].length))],
      ...labels.map((label, i) => [label, ...splits.map((split) => share(data[split], i))]),
      ...(task.own === null ? [] : [['texts that also train', '', '', String(task.own.leaked)]]),
    ],
  };
}

interface Cut {
  readonly tokenizer: Tokenizer;
  readonly maxLength: number;
}

function lengthsTable(data: Data, cut: Cut): Table {
  const target = data.train.some((one) => one.target !== undefined);
  const rows = (what: string, of: (one: Example) => string): readonly (readonly string[])[] => {
    const lengths = splits.map((split) => data[split].map((one) => tokensOf(of(one), cut)).sort((a, b) => a - b));
    const row = (name: string, value: (sorted: readonly number[]) => string): readonly string[] => [
      `${what}: ${name}`,
      ...lengths.map(value),
    ];
    return [
      row('tokens, mean', (all) => mean(all).toFixed(0)),
      row('tokens, 95 of 100 have at most', (all) => quantile(all, 0.95).toFixed(0)),
      row(`cut at ${cut.maxLength}`, (all) => String(all.filter((length) => length > cut.maxLength).length)),
    ];
  };
  return {
    columns: [left(''), ...splits.map(right)],
    rows: [...rows('text', textOf), ...(target ? rows('target', ({ target: text = '' }) => text) : [])],
  };
}

/** Tokens of a text with its special tokens, uncut. */
function tokensOf(text: string, { tokenizer }: Cut): number {
  return tokenizer.encode({ text, pair: null }, 1 << 20).ids.length;
}

function textOf({ text, pair }: Example): string {
  return pair === null || pair === undefined ? text : `${text} | ${pair}`;
}

/** What examples of the kinds say of their texts. */
interface Said {
  readonly target?: string;
  readonly value?: number;
  readonly label?: number;
  readonly labels?: readonly number[];
  readonly answers?: readonly { readonly text: string }[];
}

function answerOf(task: Task, example: Example): string {
  const { target, value, label, labels, answers } = example as Said;
  const names = 'labels' in task ? (task as ClassificationTask).labels : [];
  const told = labels ?? (label === undefined ? [] : [label]);
  return target ?? answers?.[0]?.text ?? value?.toString() ?? told.map((one) => names[one] ?? '').join(', ');
}

export function shortened(text: string, most = 100): string {
  const line = text.replace(/\s+/g, ' ');
  return line.length <= most ? line : `${line.slice(0, most - 1)}…`;
}
