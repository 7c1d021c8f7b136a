import { existsSync, readFileSync } from 'node:fs';
import { hashOf } from '../split';
import { formsOf, textsOf, type PretrainingDocument } from './documents';
import { shippedTasks } from '../shipped/index';
import type { GenerationTask } from '../generation';
import type { Example, Task } from '../task';
import { hasWords, normalText } from '../text';
import { packagesOf } from './sources/index';

/**
 * Texts as 40 bits of the SHA-256 of their normal form: of 10,000 held-out texts and 1,000,000 others one pair in a
 * hundred is equal by chance.
 */
export function hashesOf(forms: Iterable<string>): ReadonlySet<number> {
  const hashes = new Set<number>();
  for (const form of forms) hashes.add(Number.parseInt(hashOf(form).slice(0, 10), 16));
  return hashes;
}

/** Forms of everything in `documents`: each document, each text, each sentence. */
export function* documentForms(documents: readonly PretrainingDocument[]): Generator<string> {
  for (const document of documents) {
    if (document.kind === 'text') yield normalText(document.texts.join(' '));
    for (const text of textsOf(document)) for (const form of formsOf(text)) yield form;
  }
}

/**
 * The tasks made from pinned packages and Debian's index that a model pretrained here can be run on: all such models
 * write, and labels are for encoders. The originals that a user brings share no source with the corpus.
 */
export const heldOutTasks: readonly Task[] = shippedTasks.filter(
  ({ packages, kind }) => packages.length > 0 && kind === 'generation',
);

/**
 * Every text of the validation and test examples of `chosen`: sources, pairs and targets. A source of turns is as many
 * texts; what its task's training examples say too, such as the question that opens many conversations, is not held out.
 */
export async function heldOutTexts(chosen: readonly Task[]): Promise<readonly string[]> {
  const texts: string[] = [];
  for (const task of chosen) {
    const data = await task.load();
    const known = new Set(isOfTurns(task) ? data.train.flatMap((example) => textsIn(task, example)) : []);
    for (const example of [...data.validation, ...data.test])
      for (const text of textsIn(task, example)) if (!known.has(text)) texts.push(text);
  }
  return texts;
}

/**
 * Forms of what is held out from a corpus of these sources: a word alone, such as the answer of a closed-book question,
 * is no text. Those of a package that it does not read are alike by chance where they are short ("but I can't"): from 8
 * words on.
 */
export async function heldOutForms(chosen: readonly Task[], sources: ReadonlySet<string>): Promise<readonly string[]> {
  const read = packagesOf(sources);
  const forms: string[] = [];
  for (const task of chosen) {
    const least = task.packages.every((name) => read.has(name)) ? 2 : 8;
    const found = (await heldOutTexts([task])).flatMap(formsOf);
    forms.push(...found.filter((form) => hasWords(form, least, Infinity)));
  }
  return forms;
}

const isOfTurns = (task: Task): boolean => task.writes !== null && (task as GenerationTask).segments?.read === 'turns';

function textsIn(task: Task, { text, target, pair }: Example): readonly string[] {
  const sources = isOfTurns(task) ? text.split('\n') : [text];
  return [...sources, target, pair].filter((found): found is string => typeof found === 'string');
}

/** Sorted differences, 7 bits a byte, the lowest first, the high bit on all but the last byte of each. */
export function packHashes(hashes: ReadonlySet<number>): Uint8Array {
  const bytes: number[] = [];
  let before = 0;
  for (const hash of [...hashes].sort((a, b) => a - b)) {
    let rest = hash - before;
    before = hash;
    for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push(128 + (rest % 128));
    bytes.push(rest);
  }
  return Uint8Array.from(bytes);
}

/** Hashes that `packHashes` wrote. */
export function unpackHashes(bytes: Uint8Array): ReadonlySet<number> {
  const hashes = new Set<number>();
  let [before, rest, unit] = [0, 0, 1];
  for (const byte of bytes) {
    rest += (byte % 128) * unit;
    unit *= 128;
    if (byte >= 128) continue;
    before += rest;
    hashes.add(before);
    [rest, unit] = [0, 1];
  }
  return hashes;
}

export function readHashes(path: string): ReadonlySet<number> {
  return existsSync(path) ? unpackHashes(readFileSync(path)) : new Set();
}

/** How many hashes are in both. */
export function shared(first: ReadonlySet<number>, second: ReadonlySet<number>): number {
  let count = 0;
  for (const hash of first) if (second.has(hash)) count += 1;
  return count;
}
