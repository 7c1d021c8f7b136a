import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readDebianIndex } from './debian';
import { joinLists } from './debian-lists';
import { synopsisData } from './shipped/synopsis';

const packages = `Package: tiny
Version: 1
Description: Small thing
Description-md5: aa
Tag: one,
 two

Package: tiny-doc
Source: tiny (1.0)
Description-md5: bb

Package: untranslated
Description-md5: cc
`;
const translations = `Package: tiny
Description-md5: aa
Description-en: Small thing
 First line of
 a paragraph.
 .
 Second: with a colon.

Package: tiny-doc
Description-md5: bb
Description-en: Documents of tiny
 One line.

Package: untranslated
Description-md5: other
Description-en: Of another version
 Text.
`;

describe('joinLists', () => {
  it('joins both files by name and hash', () => {
    expect(joinLists(packages, translations)).toEqual([
      {
        name: 'tiny',
        source: 'tiny',
        synopsis: 'Small thing',
        description: 'First line of a paragraph.\nSecond: with a colon.',
      },
      { name: 'tiny-doc', source: 'tiny', synopsis: 'Documents of tiny', description: 'One line.' },
    ]);
  });
});

describe('readDebianIndex', () => {
  it('says how to bring what is missing', () => {
    const folder = mkdtempSync(join(tmpdir(), 'petl-debian-'));
    expect(() => readDebianIndex(join(folder, 'index.json'))).toThrow(/npx petl fetch debian-index/);
    rmSync(folder, { recursive: true });
  });
});

describe('synopsisData', () => {
  const words = (start: string, count: number): string =>
    Array.from({ length: count }, (_, at) => `${start}${at}`).join(' ');
  const made = Array.from({ length: 60 }, (_, at) => ({
    name: `p${at}`,
    source: `s${Math.floor(at / 2)}`,
    synopsis: `synopsis number ${at}`,
    description: words(`d${at}x`, 25),
  }));

  it('divides by source package', () => {
    const data = synopsisData(made);
    const where = new Map(Object.entries(data).flatMap(([split, part]) => part.map(({ id }) => [id, split] as const)));
    expect(where.size).toBe(60);
    for (let at = 0; at < 60; at += 2) expect(where.get(`p${at}`)).toBe(where.get(`p${at + 1}`));
  });

  it('drops repeated synopses, all of them, repeated descriptions but one, and lengths out of range', () => {
    const last = made[59] as (typeof made)[number];
    const odd = [
      { ...last, name: 'a', synopsis: 'The same line', description: words('a', 30) },
      { ...last, name: 'b', synopsis: 'the SAME line!', description: words('b', 30) },
      { ...last, name: 'c', synopsis: 'another new line' },
      { ...last, name: 'd', synopsis: 'two words', description: words('e', 30) },
      { ...last, name: 'e', synopsis: 'a short description here', description: words('f', 24) },
    ];
    const data = synopsisData([...made, ...odd]);
    expect(
      Object.values(data)
        .flat()
        .filter(({ id }) => !id.startsWith('p')),
    ).toEqual([]);
  });
});
