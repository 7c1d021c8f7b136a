import * as v from 'valibot';
import { UserError } from '../../errors';
import { readText, type Schema } from '../../json';
import type { Passage, Question } from './collection';
import { readPart, type Part } from './part';

const passagesIn: Schema<readonly Passage[]> = v.array(
  v.strictObject({ id: v.string(), title: v.string(), text: v.string() }),
);
const questionsIn: Schema<readonly Question[]> = v.array(
  v.strictObject({
    id: v.string(),
    text: v.string(),
    answers: v.array(v.string()),
    gold: v.string(),
    split: v.picklist(['train', 'validation', 'test']),
  }),
);

/** JSON in a part of an index, through its schema. @throws UserError */
export function jsonIn<T>(collection: string, name: string, part: Part, schema: Schema<T>): T {
  const read = readText(part.body.toString('utf8'), schema);
  if (read.kind === 'value') return read.value;
  throw new UserError(
    `the index of "${collection}", ${name}: ${read.reason}: make it anew with: npx petl index ${collection}`,
  );
}

/** Passages of an index that is built, with their hash. @throws UserError */
export function storedPassages(collection: string): { readonly hash: string; readonly passages: readonly Passage[] } {
  const part = readPart(collection, 'passages');
  return { hash: part.hash, passages: jsonIn(collection, 'passages', part, passagesIn) };
}

/** Questions of an index that is built. @throws UserError */
export function storedQuestions(collection: string): readonly Question[] {
  return jsonIn(collection, 'questions', readPart(collection, 'questions'), questionsIn);
}
