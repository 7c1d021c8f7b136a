import { UserError } from '../../errors';
import type { Arguments } from './arguments';
import type { Fields } from './field';
import { positionsField } from './prefix';
import type { Prompt, PromptInit } from './types';
import { completeKind, idsOf, needed, size, variant, type Kinds, type Written } from './words';

type Free = Extract<Prompt, { kind: 'free' }>;

const said = { complete: needed, print: () => ({}) };
const initKinds: Kinds<PromptInit> = {
  random: { word: 'random', fields: {} },
  vocabulary: { word: 'vocabulary', fields: {} },
  text: {
    word: 'text',
    fields: {
      text: {
        ...said,
        usual: undefined,
        others: ['a few words'],
        read: (take) => decoded(take.text('text', '')),
        wrong: (text) => (typeof text === 'string' && text !== '' ? undefined : 'text must be a few words'),
      },
    },
  },
  tokens: {
    word: 'tokens',
    fields: {
      ids: {
        ...said,
        usual: undefined,
        others: [[5, 17]],
        read: (take) => idsOf('tokens', take.text('tokens', '')),
        wrong: (ids) =>
          Array.isArray(ids) && ids.every((id) => Number.isSafeInteger(id) && id >= 0)
            ? undefined
            : 'tokens must be ids joined by points',
      },
    },
  },
};

const init: Written<PromptInit> = {
  ...variant('init', initKinds, { kind: 'random' }),
  read: readInit,
  print: (value) => {
    switch (value.kind) {
      case 'random':
        return {};
      case 'vocabulary':
        return { init: value.kind };
      case 'text':
        return { text: encodeURIComponent(value.text) };
      case 'tokens':
        return { tokens: value.ids.join('.') };
    }
  },
};

/** The fields of a free prompt, in the order of its words. */
export const promptFields: Fields<Free, unknown> = {
  length: size('l', undefined, 'length'),
  init,
  positions: positionsField,
};

export const promptKinds: Kinds<Prompt> = {
  none: { word: 'none', fields: {} },
  free: { word: 'free', fields: promptFields },
};
export const completePrompt = (stored: Prompt): Prompt => completeKind(promptKinds, stored, 'prompt');

function readInit(take: Arguments): PromptInit {
  const [text, ids, kind] = [
    take.text('text', ''),
    take.text('tokens', ''),
    take.maybe('init', ['random', 'vocabulary']),
  ];
  const words = Object.entries({ text, tokens: ids, init: kind ?? '' })
    .filter(([, value]) => value !== '')
    .map(([key, value]) => `${key}=${value}`);
  if (words.length > 1)
    throw new UserError(
      `A prompt starts from one of text, tokens and init, not from ${words.join(' and ')}; keep one.`,
    );
  if (ids !== '') return { kind: 'tokens', ids: idsOf('tokens', ids) };
  return text === '' ? { kind: kind ?? 'random' } : { kind: 'text', text: decoded(text) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new UserError(
      `A prompt's text is URL-encoded, such as text=url%20encoded; "${text}" is not: write % as %25.`,
    );
  }
}
