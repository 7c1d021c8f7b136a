import { describe, expect, it } from 'vitest';
import { fittedText, type Piece } from './pieces';

/** A token for every character: words weigh unlike. */
const characters = (text: string): number => text.length;
const asked = (keeps: Piece['keeps'], text: string): readonly Piece[] => [
  { text: 'Ask: ', keeps: 'all' },
  { text, keeps },
];

describe('a text in pieces', () => {
  it('is whole where it fits', () => {
    expect(fittedText(asked('beginning', 'one  two\n'), 14, characters)).toBe('Ask: one  two\n');
  });

  it('keeps the beginning or the end of what may be cut, in whole words, and all of the rest', () => {
    expect(fittedText(asked('beginning', 'one two three'), 14, characters)).toBe('Ask: one two');
    expect(fittedText(asked('end', 'one two\nthree'), 14, characters)).toBe('Ask: three');
    expect(fittedText(asked('end', 'one two\nthree'), 17, characters)).toBe('Ask: two\nthree');
  });

  it('cuts the longer of two texts first, and what stands behind them never', () => {
    const pair: readonly Piece[] = [
      { text: 'First: ', keeps: 'all' },
      { text: 'aa bb cc dd ee', keeps: 'beginning' },
      { text: ' Second: ', keeps: 'all' },
      { text: 'ff gg', keeps: 'beginning' },
      { text: ' End', keeps: 'all' },
    ];
    expect(fittedText(pair, 32, characters)).toBe('First: aa bb Second: ff gg End');
    expect(fittedText(pair, 26, characters)).toBe('First: aa Second: ff End');
  });

  it('cuts within a word that is longer than words are, and says where nothing can be kept whole', () => {
    expect(fittedText(asked('beginning', 'x'.repeat(60)), 40, characters)).toBe(`Ask: ${'x'.repeat(24)}`);
    expect(fittedText(asked('beginning', 'one'), 4, characters)).toBeUndefined();
  });
});
