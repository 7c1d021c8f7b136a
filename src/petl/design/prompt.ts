import { UserError } from '../../errors';
import type { ModelShape } from '../../model/shape';
import type { Arguments } from './arguments';
import type { Fields } from './field';
import { positionsField } from './prefix';
import type { Prompt, PromptEncoder, PromptInit, WrittenPrompt } from './types';
import { choice, completeKind, idsOf, needed, size, variant, type Kinds, type Written } from './words';

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

/** A name as written forms can hold it, where commas and equal signs part the words. */
const modelName: Written<string> = {
  ...said,
  usual: undefined,
  others: ['minilm-l6'],
  read: (take) => {
    const name = decoded(take.text('name', ''));
    if (name !== '') return name;
    throw new UserError("encoder=model needs name, that of the encoder's model, such as name=minilm-l6");
  },
  print: (name) => ({ name: encodeURIComponent(name) }),
  wrong: (name) => (typeof name === 'string' && name !== '' ? undefined : "name must be that of the encoder's model"),
};
const encoderKinds: Kinds<PromptEncoder> = {
  own: { word: 'own', fields: { layers: size('layers', 2) } },
  model: { word: 'model', fields: { name: modelName, width: size('e', 384, 'width e of E') } },
};
const heads = size('heads', 4);

/** The fields of a prompt that is written from the input, in the order of its words. */
export const writtenPromptFields: Fields<WrittenPrompt, unknown> = {
  length: size('l', undefined, 'length'),
  width: size('q', 128, 'width q of the generator'),
  heads: {
    ...heads,
    wrong: (value, whole, at) =>
      heads.wrong(value, whole, at) ??
      (whole.width % value === 0 ? undefined : `heads = ${value} must divide the generator's width q = ${whole.width}`),
  },
  encoder: variant('encoder', encoderKinds, { kind: 'own', layers: 2 }),
  source: choice('source', ['true', 'shuffled', 'constant']),
  positions: positionsField,
};

export const promptKinds: Kinds<Prompt> = {
  none: { word: 'none', fields: {} },
  free: { word: 'free', fields: promptFields },
  written: { word: 'written', fields: writtenPromptFields },
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

/** e: how wide the states are that a generator asks. */
export function encodedWidth({ encoder }: WrittenPrompt, shape: ModelShape): number {
  return encoder.kind === 'own' ? shape.width : encoder.width;
}
