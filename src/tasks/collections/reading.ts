import type { Passage } from './collection';

/** A passage as a reader reads it, on a line of its own. */
export function passageLine({ title, text }: Pick<Passage, 'title' | 'text'>): string {
  return `${title}: ${text}`;
}

/** What a reader reads: packed passages, best first, then the question. It goes on with the answer. */
export function readerText(passages: readonly Pick<Passage, 'title' | 'text'>[], question: string): string {
  return [...passages.map(passageLine), `Question: ${question}`, 'Answer:'].join('\n');
}

/** The same as a model that chats is asked it. */
export function askedText(passages: readonly Pick<Passage, 'title' | 'text'>[], question: string): string {
  const ask = 'Answer with a name or a few words, taken from the passages.';
  return [...passages.map(passageLine), '', `${ask}\n${question}`].join('\n');
}

/** Questions with their passages and answers, in front of the one that is asked. */
export function withShots(shots: readonly (readonly [text: string, answer: string])[], text: string): string {
  return [...shots.map(([shot, answer]) => `${shot}\n${answer}\n`), text].join('\n');
}
