import { describe, expect, it } from 'vitest';
import type { SpanExample } from './answer-spans';
import { windowAnswers } from './span-baseline';

const example = (id: string, text: string, pair: string): SpanExample => ({ id, text, pair, answers: [] });
const texts = [
  'The harbour was built in 1820. A light stands on its northern wall. The fleet left in the spring.',
  'The mill grinds barley. It was sold to Anna Berg in the winter of 1911.',
  'The old road runs along the river. It was paved with stone.',
  'The school has two halls. In the larger one hangs a map.',
];
const train = texts.map((pair, i) => example(`t${i}`, 'what?', pair));

describe('answers without a transformer', () => {
  it('are new words of the sentence that is most like the question', () => {
    const test = [
      example('a', 'Where does the light stand?', texts[0]!),
      example('b', 'When was the harbour built?', texts[0]!),
      example('c', 'Who was the mill sold to in the winter?', texts[1]!),
    ];
    expect(windowAnswers(train, test)).toEqual(['stands on its northern', '1820.', 'Anna Berg']);
  });

  it('are words of the text in any case', () => {
    const [said] = windowAnswers(train, [example('x', 'zzz', 'one two')]);
    expect('one two').toContain(said);
  });
});
