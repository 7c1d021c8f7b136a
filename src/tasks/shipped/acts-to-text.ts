import { join } from 'node:path';
import * as v from 'valibot';
import { readJson, recordOf, type Schema } from '../../json';
import { packageFolder } from '../../packages/content';
import { generationTask, type GenerationExample, type GenerationTask } from '../generation';
import { actKey } from '../groups';
import { hashOf } from '../split';
import { splitExamples, type TaskData } from '../task';
import { distinctBy, hasWords, normalText } from '../text';

/** Utterances kept of one set of slots: the commonest has 5,388 and would be most of the task. */
const MOST = 40;

/** The slots of MultiWOZ's system acts, as a source names them. */
const slots = [
  ...['none', 'addr', 'area', 'arrive', 'car', 'choice', 'day', 'depart', 'dest', 'fee', 'food', 'id', 'internet'],
  ...['leave', 'name', 'open', 'parking', 'people', 'phone', 'post', 'price', 'ref', 'stars', 'stay', 'ticket', 'time'],
  'type',
] as const;

/**
 * Data to text, in the role of the E2E challenge: what a system says, from its dialogue act and slots. Values are left
 * out of both sides: `[name]` stands for any name.
 */
export const actsToText: GenerationTask = generationTask({
  name: 'acts-to-text',
  about: 'MultiWOZ dialogue acts and slots, the utterance (the role of the E2E challenge)',
  packages: ['convlab'],
  segments: { names: ['act', ...slots, 'response'], read: 'named', most: 100 },
  targetTokens: 64,
  print: {
    train: { count: 7130, hash: '5cd58269678dda59' },
    validation: { count: 1107, hash: 'da7fadf656a8a410' },
    test: { count: 1845, hash: '9522808ffa134bee' },
  },
  load: () =>
    Promise.resolve().then(() => {
      const read = (side: string): Acts =>
        readJson(join(packageFolder('convlab'), `auto_${side}_template_nlg.json`), actsIn, again);
      return actsData(read('system'), read('user'));
    }),
});

type Acts = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
const actsIn: Schema<Acts> = recordOf(recordOf(v.array(v.string())));
const again = 'bring the package anew with petl fetch';

interface ActSet {
  readonly act: string;
  readonly names: string;
  /** Without those that are said twice. */
  readonly utterances: readonly string[];
}

/**
 * What the system says in 5 to 30 words that are said for no other act or slots, by neither side: at most 40 utterances
 * of a set of slots, divided by act and slots.
 */
export function actsData(system: Acts, user: Acts): TaskData<GenerationExample> {
  const [own, others] = [setsOf(system), setsOf(user)];
  const owners = new Map<string, Set<string>>();
  for (const { act, names, utterances } of [...own, ...others])
    for (const form of utterances.map(normalText)) {
      const found = owners.get(form) ?? new Set();
      owners.set(form, found.add(actKey(act, names)));
    }
  const examples = own.flatMap((set) => examplesOf(set, (target) => owners.get(normalText(target))?.size === 1));
  return splitExamples('acts-to-text', examples, ({ id }) => id.slice(0, id.lastIndexOf('/')));
}

function setsOf(acts: Acts): readonly ActSet[] {
  return Object.entries(acts).flatMap(([act, sets]) =>
    Object.entries(sets).map(([names, utterances]) => ({
      act,
      names,
      utterances: distinctBy(utterances.map(plainUtterance), (target) => target),
    })),
  );
}

function examplesOf(
  { act, names, utterances }: ActSet,
  isOwn: (target: string) => boolean,
): readonly GenerationExample[] {
  const text = [act.replace('-', ' '), ...names.split(';')]
    .map((line) => line.trim().toLowerCase())
    .filter((line) => line !== '')
    .join('\n');
  return utterances
    .filter((target) => hasWords(target, 5, 30) && isOwn(target))
    .sort((a, b) => (hashOf(a) < hashOf(b) ? -1 : 1))
    .slice(0, MOST)
    .map((target, at) => ({ id: `${actKey(act, names)}/${at}`, text, target }));
}

/** `[name]` for a slot's value; the spaces of a tokenised utterance before marks and endings go. */
export function plainUtterance(utterance: string): string {
  return utterance
    .replace(/#[\w -]*-(\w+)#/g, (_, slot: string) => `[${slot.toLowerCase()}]`)
    .replace(/ (?=[.,!?;:]|n't|'\w)/g, '')
    .replace(/\s+/g, ' ')
    .trim();
}
