import { describe, expect, it } from 'vitest';
import { UserError } from '../../errors';
import { classificationData, multiLabelData } from './examples';

const rows = (labels: readonly string[]) =>
  Array.from({ length: 80 }, (_, i) => ({ review: `text ${i}`, stars: labels[i % labels.length]! }));
const classify = (given: ReturnType<typeof rows>) =>
  classificationData({ rows: given }, { text: 'review', label: 'stars' });

describe('labels', () => {
  it('that are numbers of one size are ordered as they are written, whatever the order of the rows', () => {
    const given = rows(['1', '2', '01', '1.0']);
    for (const one of [given, [...given].reverse()]) expect(classify(one).labels).toEqual(['01', '1', '1.0', '2']);
  });

  const [composed, apart] = ['caf\u00e9', 'cafe\u0301'];
  it.each<[string, () => unknown, string]>([
    ['one label', () => classify(rows([composed, 'tea', apart])), apart],
    [
      'several',
      () => multiLabelData({ rows: rows([`tea; ${apart}`, 'tea', composed]) }, { text: 'review', labels: 'stars' }),
      composed,
    ],
  ])('of texts with %s, which differ in their Unicode form alone, are refused with both rows', (_, read, label) => {
    expect(read).toThrow(
      `row 3, column "stars": the label "${label}" prints like that of row 1 and is another, in another Unicode form: write`,
    );
    expect(read).toThrow(UserError);
  });
});
