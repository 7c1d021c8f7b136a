import { UserError } from '../errors';
import { chatPrompt } from '../model/chat';
import { Generator } from '../model/generation/generate';
import { openModel } from '../model/open';
import { longestText } from '../model/shapes';
import type { Tokenizer } from '../model/tokenizer';
import type { Passage } from '../tasks/collections/collection';
import { askedText, passageLine, readerText } from '../tasks/collections/reading';
import { firstLine } from '../tasks/metrics/answers';
import type { GenerationTask } from '../tasks/generation';
import type { Task } from '../tasks/task';
import { Adapter } from '../training/adapter';
import { readKept } from '../training/kept';
import { pack, type Packed } from '../tasks/collections/pack';

/** What an answer may take. */
const ANSWER = 24;

/** Reads packed passages and a question, and answers. */
export interface Reader {
  readonly name: string;
  /** Most tokens that it takes at once. */
  readonly room: number;
  /** Passages in the order of their scores until the window is full. */
  readonly pack: (question: string, passages: readonly Passage[], limits: Limits) => Packed;
  readonly answer: (question: string, passages: readonly Passage[]) => Promise<string>;
  readonly dispose: () => void;
}

export interface Limits {
  /** Tokens for passages, question and answer together. */
  readonly window: number;
  readonly most: number;
}

/** The frozen language model as it is, asked in its chat form. @param name a model of `petl models` */
export async function frozenReader(name: string): Promise<Reader> {
  const model = await openModel(name);
  const { tokenizer, backbone, special } = model;
  if (tokenizer === undefined || backbone.shape.decoderLayers === 0 || backbone.shape.encoderLayers > 0) {
    backbone.dispose();
    throw new UserError(`model "${name}" does not go on from a text: choose a reader such as smollm2-135m`);
  }
  const generator = new Generator(backbone);
  const isChat = tokenizer.idOf('<|im_start|>') !== undefined;
  const textOf = (question: string, passages: readonly Passage[]): string =>
    isChat ? chatPrompt(tokenizer, askedText(passages, question)) : `${readerText(passages, question)}\n`;
  const encode = (text: string): Int32Array => tokenizer.encode({ text, pair: null }, 1 << 20).ids;
  const room = longestText(backbone.shape) ?? Infinity;
  return {
    name,
    room,
    pack: packer(room, tokenizer, (question) => encode(textOf(question, [])).length),
    answer: async (question, passages) => {
      const settings = { search: { kind: 'greedy' }, maxNewTokens: ANSWER, minNewTokens: 1, noRepeatNgram: 0 } as const;
      const [found] = await generator.generate([encode(textOf(question, passages))], { settings, special });
      return firstLine(tokenizer.decode(found?.tokens ?? []));
    },
    dispose: () => {
      generator.dispose();
      backbone.dispose();
    },
  };
}

/** A frozen model with a prompt or another adapter that learned to read. @param folder where it was kept */
export async function trainedReader(folder: string): Promise<Reader> {
  demandReader(folder);
  const adapter = new Adapter(folder);
  const tokenizer = await adapter.tokenizer();
  const length = (question: string): number =>
    tokenizer.encode({ text: readerText([], question), pair: null }, 1 << 20).ids.length;
  return {
    name: `${adapter.method} from ${folder}`,
    room: adapter.maxLength,
    pack: packer(adapter.maxLength, tokenizer, length),
    answer: async (question, passages) => {
      const [found] = await adapter.predict([readerText(passages, question)]);
      if (found?.kind !== 'text')
        throw new UserError(`${folder} tells labels and writes no text: give the adapter of a reader`);
      return firstLine(found.text);
    },
    dispose: () => adapter.dispose(),
  };
}

/** Refuses an adapter that has not learned to write an answer to one text. */
function demandReader(folder: string): void {
  const { task } = readKept(folder);
  const { segments = null, languages = null } = task as Task & Partial<Pick<GenerationTask, 'segments' | 'languages'>>;
  const why =
    task.writes === null
      ? 'writes no text'
      : segments?.read === 'turns'
        ? 'reads the turns of a conversation'
        : languages !== null
          ? `translates from ${languages.source}`
          : undefined;
  if (why !== undefined)
    throw new UserError(`${folder} learned "${task.name}" and ${why}: give the adapter of a reader, or --model`);
}

/** @param room most tokens that the reader takes @param asked tokens of the question without passages */
function packer(room: number, tokenizer: Tokenizer, asked: (question: string) => number): Reader['pack'] {
  return (question, passages, { window, most }) => {
    const left = Math.min(window, room) - asked(question) - ANSWER;
    if (left <= 0)
      throw new UserError(
        room <= window
          ? `the reader takes ${room} tokens, which leave no room beside the question: ask a shorter one, or another reader`
          : `a window of ${window} tokens has no room for the question: ask a shorter one, or give a larger --window`,
      );
    const tokens = (place: number): number =>
      tokenizer.encode({ text: `${passageLine(passages[place] as Passage)}\n`, pair: null }, 1 << 20).ids.length;
    return pack(
      passages.map((_, place) => place),
      tokens,
      { window: left, most },
    );
  };
}
