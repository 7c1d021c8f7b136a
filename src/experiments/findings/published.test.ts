import { describe, expect, it } from 'vitest';
import { knownShapes } from '../../model/shapes';
import { count } from '../../petl/counts/count';
import { parseMethod } from '../../petl/design/written';
import { published, readHe } from './published';

describe('the published numbers', () => {
  it('are found by table, task and metric', () => {
    const rows = published({ table: 'Table 6', task: 'XSum', metric: 'rouge2' });
    expect(rows.find(({ label }) => label === 'MAM l=30, r=512')).toMatchObject({
      score: 21.9,
      sd: 0.01,
      seeds: 3,
      source: 'He et al. 2021, Table 6',
    });
  });

  it('that are not there are named with what is', () => {
    expect(() => published({ table: 'Table 99', task: 'XSum', metric: 'rouge2' })).toThrow(
      /no published numbers for "Table 99.*Table 6 XSum rouge2/,
    );
  });

  it('carry shares that follow from our counts', () => {
    const shapes: Readonly<Record<string, string>> = {
      'mbart-large-cc25': 'bart-large',
      'bart-large': 'bart-large',
      'roberta-base': 'roberta-base',
    };
    for (const { method, backbone, share, label } of readHe()) {
      if (method === '' || method === 'full') continue;
      const counted = 100 * count(parseMethod(method), knownShapes[shapes[backbone]!]!).share;
      expect(Math.abs(counted / share - 1), `${label}: ${counted} against ${share}`).toBeLessThan(0.06);
    }
  });
});
