import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadTokenizer } from '../model/tokenizer';
import { projectRoot } from '../project';
import { classificationTask } from './classification';
import { cutsOf, cutWords } from './cuts';
import { generationTask } from './generation';
import { encodeLines, encodePairs, encodeTexts } from './encode';
import { sourceAndTarget } from './segments';
import { spanTask } from './answer-spans';

const load = (): Promise<never> => Promise.reject(new Error('not asked'));
const texts = Array.from({ length: 24 }, (_, i) => 'a word of it '.repeat(i + 1).trim());
const examples = texts.map((text, i) => ({ id: String(i), text, pair: null, target: texts[23 - i]!, label: 0 }));
const tokenizerOf = (folder: string) => loadTokenizer(join(projectRoot(), folder));

it('says how many texts an encoder reads to their first tokens only', () => {
  const tokenizer = tokenizerOf('data/models/petl-mini-seq2seq');
  const room = { tokenizer, maxLength: 20, target: null, oneText: false };
  const task = classificationTask({ name: 't', labels: ['a', 'b'], metric: 'accuracy', load });
  const whole = encodeTexts(tokenizer, examples, 1000).map(({ ids }) => ids.length);
  const count = whole.filter((length) => length > 20).length;
  expect(count).toBeGreaterThan(0);
  const [cut] = cutsOf(task, examples, room);
  expect(cut).toEqual({ what: 'text', count, of: 24, most: 20, longest: Math.max(...whole) });
  expect(cutWords(cut!)).toBe(
    `${count} of 24 texts have more than 20 tokens (the longest ${Math.max(...whole)}) and are cut there`,
  );
  expect(cutsOf(task, examples, { ...room, maxLength: 1000 })).toEqual([]);
  const asked = cutsOf(spanTask({ name: 's', metric: 'span-f1', load }), examples, room);
  expect(asked).toMatchObject([{ what: 'question', most: 10 }]);
});

it('counts as encoding cuts, sources and targets, apart and in one text', () => {
  const task = generationTask({ name: 't', load });
  const shared = { source: 20, target: 12, wholeTargets: false };
  const two = tokenizerOf('data/models/petl-mini-seq2seq');
  const pairs = encodePairs(two, examples, { ...shared, start: 0, end: [1], languages: null });
  const room = { maxLength: 20, target: 12 };
  const apart = cutsOf(task, examples, { ...room, tokenizer: two, oneText: false });
  expect(apart[0]?.count).toBe(pairs.filter(({ shown }, i) => shown !== texts[i]).length);
  const one = tokenizerOf('data/models/petl-mini-lm');
  const end = one.idOf('</s>') ?? one.idOf('<eos>') ?? one.idOf('<|endoftext|>') ?? 0;
  const lines = encodeLines(one, examples, { ...shared, end: [end], segments: null });
  const joined = cutsOf(task, examples, { ...room, tokenizer: one, oneText: true });
  expect(joined[0]?.count).toBe(lines.filter(({ shown }, i) => shown !== texts[i]).length);
  const free = encodeLines(one, examples, { ...shared, target: 1000, end: [end], segments: sourceAndTarget });
  const longer = free.filter(({ whole, from }) => whole.length - from > 12).length;
  expect(joined[1]).toMatchObject({ what: 'target', count: longer, most: 12 });
});
