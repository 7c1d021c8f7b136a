import { describe, expect, it } from 'vitest';
import type { PrintedSides, ScoreLink } from '../statistics/link';
import type { Configuration } from '../studies/block';
import { findings } from '.';
import { claims } from './finding';
import { printedDelta, printedGap } from './printed';

const mnli = (tables: readonly string[], first: string, second: string): PrintedSides => ({
  ...{ paper: 'houlsby', tables, task: 'MNLI-m', metric: 'accuracy' },
  ...{ first: [first], second: [second] },
});
const level = (contrast: PrintedSides): ScoreLink => ({
  ...{ kind: 'near', study: 'a', task: 'b', first: ['x'], second: ['y'], contrast },
});

describe('a printed gap', () => {
  it('is that of the first table that prints both sides', () => {
    const full = mnli(['Table 1', 'Figure 4'], 'full fine-tuning', 'houlsby:m=64');
    expect(printedGap(full, undefined)).toBeCloseTo(86.7 - 85.3);
    expect(printedGap({ ...full, tables: ['Figure 4', 'Table 1'] }, undefined)).toBeCloseTo(84.4 - 83.7);
    expect(printedGap(mnli(['Table 1', 'Figure 4'], 'full fine-tuning', 'top:k=1'), undefined)).toBeCloseTo(
      84.4 - 77.8,
    );
  });

  it('is never between two models, and between two tables only where one model made both', () => {
    const label = 'adapters 8-256'; // BERT-large alone, beside the top layer of BERT-base
    expect(printedGap(mnli(['Table 1', 'Figure 4'], label, 'top:k=1'), undefined)).toBeUndefined();
    const he = { tables: ['Table 6', 'Table 12'], task: 'XSum', metric: 'rouge2' };
    const both = { ...he, first: ['full'], second: ['lora:r=200'] };
    expect(printedGap(both, undefined)).toBeCloseTo(21.94 - 20.29);
    expect(() => printedDelta(level(both))).toThrow('no table prints a contrast of a on b');
  });

  it('of a contrast gives delta where the gap of the link itself is not printed', () => {
    expect(printedDelta(level(mnli(['Figure 4'], 'full fine-tuning', 'top:k=1')))).toBeCloseTo((84.4 - 77.8) / 2);
  });

  it('is refused where a contrast is declared of what the paper has no numbers for', () => {
    const one = (name: string): Configuration => ({ name, label: name, method: 'full', change: {} });
    const on = claims('trade-off', 'bible-version');
    expect(() => on.near(one('a'), one('b'), [one('c'), one('d')])).toThrow('a contrast that has no printed numbers');
    expect(on.near(one('a'), one('b'))).not.toHaveProperty('contrast');
  });
});

describe('the declared findings', () => {
  const scored = Object.values(findings)
    .flat()
    .flatMap(({ links }) => links.flatMap((link) => (link.kind === 'ratio' ? [] : [link])));

  it('name no contrast that no one table prints', () => {
    expect(scored.filter(({ contrast }) => contrast !== undefined).length).toBeGreaterThan(10);
    for (const link of scored) expect(() => printedDelta(link)).not.toThrow();
  });

  it('have half of the 1.8 points that are printed of textual recursion for delta', () => {
    const [link] = findings.ai21.find(({ id }) => id === 'D11')!.links;
    expect(link).toMatchObject({ points: 0.9 });
  });

  it('decide what a frozen model keeps by what full fine-tuning loses, not by the model beside itself', () => {
    const kinds = findings.ai21.find(({ id }) => id === 'D17')!.links.map(({ kind, task }) => [kind, task]);
    expect(kinds).toEqual([
      ...['greater', 'near'].map((kind) => [kind, 'running-text']),
      ...['greater', 'near'].map((kind) => [kind, 'acts-to-text']),
    ]);
  });
});
