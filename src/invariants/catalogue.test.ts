import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { projectRoot } from '../project';
import { catalogue, nearest } from './testing/catalogue';

it('every entry of the catalogue is held by one test', () => {
  const source = join(projectRoot(), 'src');
  const files = readdirSync(source, { recursive: true })
    .map(String)
    .filter((name) => name.endsWith('.test.ts'));
  const held = files.flatMap((name) =>
    [...readFileSync(join(source, name), 'utf8').matchAll(/^invariant\((\d+), /gm)].map(([, number]) => Number(number)),
  );
  expect(catalogue.length).toBe(51);
  expect([...held].sort((a, b) => a - b)).toEqual(catalogue.map((_, i) => i + 1));
});

it('says why where an entry is held in a nearest meaning', () => {
  for (const [number, reason] of Object.entries(nearest)) {
    expect(catalogue[Number(number) - 1]).toBeDefined();
    expect(reason.length).toBeGreaterThan(30);
  }
});
