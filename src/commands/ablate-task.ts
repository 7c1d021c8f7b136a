import { spanTask } from '../tasks/answer-spans';
import { classificationTask } from '../tasks/classification';
import { generationTask } from '../tasks/generation';
import { multiLabelTask } from '../tasks/multi-label';
import { regressionTask } from '../tasks/regression';
import type { Task } from '../tasks/task';
import { demandTaken, textOf, wholeOf, type Input } from './command';

/** Options that say what stands in which column, or how it is read: a kind of task takes some of them. */
const kinds = {
  pairs: { named: 'pairs of texts', takes: ['source', 'target', 'target-length'] },
  spans: { named: 'answers in texts', takes: ['question', 'context', 'answer', 'start'] },
  value: { named: '--value', takes: ['text', 'pair', 'value'] },
  labels: { named: '--labels', takes: ['text', 'pair', 'labels'] },
  label: { named: '--label', takes: ['text', 'pair', 'label'] },
} as const;

const telling = [...new Set(Object.values(kinds).flatMap(({ takes }): readonly string[] => takes))];

/** The columns that are named say what kind of task it is; those of another kind are refused. */
export function ownTaskOf(input: Input, name: string): Task {
  const has = (option: string): boolean => input.values[option] !== undefined;
  const given = (option: string): Readonly<Record<string, string>> =>
    has(option) ? { [option]: textOf(input, option) } : {};
  const data = { name, file: textOf(input, 'data'), ...given('group') };
  const kind = kindOf(has);
  const { named, takes } = kinds[kind];
  const values = Object.fromEntries(telling.map((option) => [option, input.values[option]]));
  demandTaken({ values, positionals: [] }, `petl ablate on ${named}`, { options: takes });
  if (kind === 'pairs') {
    const target = has('target-length') ? { targetTokens: wholeOf(input, 'target-length', lengths) } : {};
    return generationTask({ ...data, source: textOf(input, 'source'), target: textOf(input, 'target'), ...target });
  }
  if (kind === 'spans') {
    const [question, context] = [textOf(input, 'question'), textOf(input, 'context')];
    return spanTask({ ...data, question, context, answer: textOf(input, 'answer'), ...given('start') });
  }
  const texts = { ...data, ...given('pair'), text: textOf(input, 'text') };
  if (kind === 'value') return regressionTask({ ...texts, value: textOf(input, 'value') });
  if (kind === 'labels') return multiLabelTask({ ...texts, labels: columnsIn(textOf(input, 'labels')) });
  return classificationTask({ ...texts, label: textOf(input, 'label') });
}

/** Tokens of a text or a target. */
export const lengths = { least: 4, most: 131_072, fallback: 64 } as const;

function kindOf(has: (option: string) => boolean): keyof typeof kinds {
  if (has('source') || has('target')) return 'pairs';
  if (has('question') || has('context') || has('answer')) return 'spans';
  if (has('value')) return 'value';
  return has('labels') ? 'labels' : 'label';
}

/** One column of several labels, or several columns of 1 and 0. */
function columnsIn(text: string): string | readonly string[] {
  const columns = text.split(',').map((column) => column.trim());
  return columns.length === 1 ? text : columns;
}
