import * as v from 'valibot';
import { UserError } from '../../errors';
import { readValue, whole, type Schema } from '../../json';
import type { Answer, SpanTask } from '../answer-spans';
import { field, type Row } from '../original-rows';
import { spanOriginal } from '../originals';

const answersIn: Schema<{ readonly text: readonly string[]; readonly answer_start: readonly number[] }> = v.pipe(
  v.looseObject({ text: v.pipe(v.array(v.string()), v.minLength(1)), answer_start: v.array(whole) }),
  v.check(({ text, answer_start: places }) => text.length === places.length, 'of a place for each text'),
);

/** SQuAD 1.1: the answer to a question as a part of a paragraph; scored on its validation file, as its authors' dev set. */
export const squad: SpanTask = spanOriginal({
  name: 'squad',
  source: 'rajpurkar/squad',
  files: { train: 'train', validation: null, test: 'validation' },
  read: (row, id) => ({ id, text: field(row, id, 'question'), pair: context(row, id), answers: answersOf(row, id) }),
  groupOf: ({ pair }) => pair,
});

/** As it stands: answers count its characters. */
function context(row: Row, id: string): string {
  field(row, id, 'context');
  return row['context'] as string;
}

/** Places are counted in code points there, in UTF-16 units here. */
function answersOf(row: Row, id: string): readonly Answer[] {
  const read = readValue(row['answers'], answersIn);
  if (read.kind === 'fault') throw new UserError(`example ${id}: its answers ${read.reason}`);
  const letters = [...context(row, id)];
  return read.value.text.map((text, i) => ({
    text,
    start: letters.slice(0, read.value.answer_start[i]).join('').length,
  }));
}
