import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { importForeign } from '../petl/formats/foreign';
import { openModel } from '../model/open';
import { takeDraw, type DrawCase } from './draws-take';

// Recorded by `npm run interop -- --record`: configurations drawn at random, saved by the libraries, with what they compute.
const folder = join(__dirname, 'fixtures', 'draws');
const scratch = mkdtempSync(join(tmpdir(), 'petl-draws-test-'));
type Recorded = DrawCase & { readonly expects: 'ok' | 'refused' };

afterAll(() => {
  rmSync(scratch, { recursive: true, force: true });
});

describe('draws recorded from transformers 4 and 5, PEFT and adapters', () => {
  const names = readdirSync(folder);

  test('there are fifty, of every kind', () => {
    expect(names).toHaveLength(50);
    for (const kind of ['models', 'peft', 'adapters'])
      expect(names.filter((name) => name.startsWith(kind)).length).toBeGreaterThan(8);
  });

  test.each(names)('%s', async (name) => {
    const place = join(folder, name);
    const made = JSON.parse(readFileSync(join(place, 'case.json'), 'utf8')) as Recorded;
    const out = join(scratch, name);
    const { parts } = await takeDraw(place, made, { out });
    expect(parts.filter(({ fault }) => fault !== undefined)).toEqual([]);
    const named = parts.some(({ refused, lossless }) => refused !== undefined || lossless === false);
    if (made.expects === 'refused') expect(named).toBe(true);
    for (const part of parts) {
      if (part.ours !== undefined) expect(part).toMatchObject({ ours: part.theirs });
      if (part.gap !== undefined && part.lossless !== false) expect(part.gap, part.part).toBeLessThan(part.bar ?? 0);
      if (part.folder !== undefined && part.lossless === true) await expectReadable(place, part.folder);
    }
  });
});

/** What was written for the library can be read here again. */
async function expectReadable(place: string, written: string): Promise<void> {
  const { backbone } = await openModel(join(place, 'model'));
  const { delta } = importForeign(written, backbone);
  expect(Object.keys(delta.variables).length).toBeGreaterThan(0);
  delta.dispose();
  backbone.dispose();
}
