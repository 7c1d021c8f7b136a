import { describe, expect, it } from 'vitest';
import { UserError } from '../errors';
import { parseMethod } from '../petl/design/written';
import { countFigure } from './count-figure';
import { budgetTable, countTable } from './count-tables';
import { disagreements, disagreementTable, publishedCounts } from './published-counts';
import { refusalOf } from './refusal';

describe('published shares beside their formulas', () => {
  const all = publishedCounts();

  it('hold each printed share once, in the words of its table', () => {
    expect(all).toContainEqual({
      source: 'He et al. 2021, Table 2',
      backbone: 'roberta-base',
      method: 'lora:r=16,s=4',
      printed: 0.5,
      counted: expect.closeTo(0.473, 3) as number,
      onBart: expect.closeTo(0.581, 3) as number,
    });
    expect(new Set(all.map((row) => JSON.stringify(row))).size).toBe(all.length);
  });

  it('part in the places that are known', () => {
    const apart = disagreements();
    const own = disagreementTable(apart, 'formula').rows;
    expect(own).toContainEqual(['He et al. 2021, Table 6', 'bart-large', 'lora-ffn:r=102,s=4', '7.2', '6.17', '6.17']);
    expect(own).toContainEqual(['He et al. 2021, Table 4', 'mbart-large-cc25', 'pa-ffn:r=30', '0.1', '0.24', '0.36']);
    expect(own).toContainEqual([
      'Houlsby et al. 2019, Table 1',
      'bert-large-uncased',
      'houlsby:m=64',
      '2.1',
      '1.92',
      '1.59',
    ]);
    const moved = disagreementTable(apart, 'backbone').rows;
    expect(moved.every(([, model]) => model === 'mbart-large-cc25')).toBe(true);
    expect(own.length + moved.length).toBe(apart.length);
    expect(apart.some(({ backbone, source }) => backbone === 'bart-large' && !source.endsWith('Table 6'))).toBe(false);
  });
});

describe('tables of counts', () => {
  it('find what was printed, whatever the scale and the MLP', () => {
    const [row] = countTable('bart-large', [parseMethod('prefix:l=200')], publishedCounts()).rows;
    expect(row).toEqual([
      'prefix:l=200',
      '14,745,600',
      '14,745,600',
      '14,745,600',
      '14,745,600',
      '3.63',
      '3.6  (He 2021, Table 12)',
    ]);
  });

  it('give the size within a budget', () => {
    expect(budgetTable(['lora'], ['roberta-base'], '0.5%').rows).toEqual([['lora', 'lora:r=16  0.473%']]);
  });
});

describe('the figure of counts', () => {
  it('draws a line for each family and a hollow mark for each printed share', () => {
    const { numbers } = countFigure(
      'bart-large',
      [
        { label: 'LoRA', form: 'lora' },
        { label: 'MLP', form: 'prefix:mlp=800', counts: 'trained' },
      ],
      { name: 'c', title: 'c', sizes: [1, 200], published: publishedCounts() },
    );
    expect(
      numbers
        .filter(({ line }) => line === 'LoRA')
        .map(({ size, share, origin }) => [size, Number(Number(share).toFixed(2)), origin]),
    ).toEqual([
      [1, 0.04, 'formula'],
      [200, 7.26, 'formula'],
      [200, 7.2, 'He et al. 2021, Table 12'],
    ]);
    expect(numbers.filter(({ line }) => line === 'MLP').map(({ share }) => Math.round(Number(share)))).toEqual([
      15, 15,
    ]);
  });
});

describe('refusalOf', () => {
  it('gives the message of a UserError alone', async () => {
    expect(
      await refusalOf(() => {
        throw new UserError('no');
      }),
    ).toBe('no');
    expect(await refusalOf(() => 1)).toBe('not refused');
    await expect(
      refusalOf(() => {
        throw new Error('broken');
      }),
    ).rejects.toThrow('broken');
  });
});
