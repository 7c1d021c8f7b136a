import { join } from 'node:path';
import * as v from 'valibot';
import { readJson, recordOf, type Schema } from '../../json';
import { packageFolder } from '../../packages/content';
import { generationTask, type GenerationExample, type GenerationTask } from '../generation';
import { conversationKey } from '../groups';
import { capped, splitExamples, type TaskData } from '../task';
import { distinctBy, hasWords } from '../text';

/** Turns that are read before the one that is written: two pairs and one (Lin et al. 2020, released code). */
const HISTORY = 5;
const SIZES = { train: 20_000, validation: 1000, test: 1000 };

/**
 * Dialogue, in the role of PersonaChat: the next turn of a conversation between two people. They have no personas, so
 * that the question which opened their conversation stands in that place.
 */
export const dialogue: GenerationTask = generationTask({
  name: 'dialogue',
  about: 'conversations of two people, the next turn (the role of PersonaChat)',
  packages: ['chitchat-dataset'],
  segments: { names: ['persona', 'speaker1', 'speaker2'], read: 'turns', most: 400 },
  targetTokens: 48,
  print: {
    train: { count: 4589, hash: '608b509708f2c2c0' },
    validation: { count: 679, hash: '729e9ef317f59f2c' },
    test: { count: 1000, hash: 'd9c7c08cd3ad1d38' },
  },
  load: () =>
    Promise.resolve().then(() => {
      const path = join(packageFolder('chitchat-dataset'), 'dataset.json');
      return dialogueData(readJson(path, conversationsIn, 'bring the package anew with petl fetch'));
    }),
});

interface Conversation {
  /** Messages by turn. */
  readonly messages: readonly (readonly { readonly text: string }[])[];
  readonly prompt?: string | null | undefined;
}

const conversationsIn: Schema<Readonly<Record<string, Conversation>>> = recordOf(
  v.looseObject({
    messages: v.array(v.array(v.looseObject({ text: v.string() }))),
    prompt: v.optional(v.nullable(v.string())),
  }),
);

/**
 * A turn of 3 to 20 words after up to five earlier ones, all of them sent as one message, divided by conversation. Of
 * equal turns the first stays. At most 20,000, 1,000 and 1,000 by hash.
 */
export function dialogueData(conversations: Readonly<Record<string, Conversation>>): TaskData<GenerationExample> {
  const examples = Object.entries(conversations).flatMap(([id, conversation]) => turnsOf(id, conversation));
  const kept = distinctBy(examples, ({ target }) => target);
  return capped(
    splitExamples('dialogue', kept, ({ id }) => conversationKey(id.slice(0, id.lastIndexOf('.')))),
    SIZES,
  );
}

function turnsOf(id: string, { messages, prompt }: Conversation): readonly GenerationExample[] {
  if (!prompt) return [];
  const turns = messages.map((turn) => turn.map(({ text }) => text.replace(/\s+/g, ' ').trim()));
  return turns.flatMap((turn, at) => {
    const window = [...turns.slice(Math.max(0, at - HISTORY), at), turn];
    const lines = window.flat();
    const target = lines[lines.length - 1] ?? '';
    const alone = at > 0 && lines.length === window.length && lines.every((line) => line !== '');
    return alone && hasWords(target, 3, 20)
      ? [{ id: `${id}.${at}`, text: [prompt.trim(), ...lines.slice(0, -1)].join('\n'), target }]
      : [];
  });
}
