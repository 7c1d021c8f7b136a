import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../errors';
import { matching, type Anchoring } from './python-pattern';
import { fixtures } from './testing/cases';

const { names, rows } = JSON.parse(readFileSync(join(fixtures, 'patterns.json'), 'utf8')) as {
  readonly names: readonly string[];
  readonly rows: readonly (readonly [pattern: string, anchoring: Anchoring, found: readonly string[]])[];
};

describe('patterns of Python', () => {
  it.each(rows)('%j from the %s matches what it matches there', (pattern, anchoring, found) => {
    expect([...matching(pattern, names, anchoring).keys()]).toEqual(found);
  });

  it('a group named idx is read', () => {
    const [first] = matching('.*?\\.[^.]*\\.(?P<idx>\\d+)\\.', names, 'start').values();
    expect(first).toBe('0');
  });

  it.each([
    ['(?>q)uery', /no counterpart/],
    ['q*+uery', /never gives back/],
    ['(q)\\1', /no counterpart/],
    ['(?P<x>q)(?P=x)', /no counterpart/],
    ['(a)(?(1)b)', /no counterpart/],
    ['x(?i)y', /must stand at the beginning/],
    ['(?x) y', /no counterpart/],
    ['[[a]', /versions of Python/],
    ['(query', /not closed/],
    ['query)', /closes/],
    ['*', /not well formed/],
    ['\\q', /no counterpart/],
    ['(a+)+b', /more than 1000 ms/],
  ])('%j is refused', (pattern, reason) => {
    const run = (): unknown => matching(pattern, [...names, 'a'.repeat(40)], 'start');
    expect(run).toThrow(UserError);
    expect(run).toThrow(reason);
  });
});
