import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { interfaceStrings, translationData } from './english-romanian';
import type { Verse } from '../verses';

const verses: readonly Verse[] = Array.from({ length: 120 }, (_, at) => ({
  book: 1,
  chapter: Math.floor(at / 3),
  verse: at % 3,
  web: `in verse ${at} there are seven words`,
  basic: '',
  romanian: `în versetul ${at}`,
}));

describe('interfaceStrings', () => {
  it('pairs the texts of both languages by key', () => {
    const folder = mkdtempSync(join(tmpdir(), 'petl-strings-'));
    const write = (component: string, language: string, content: object): void => {
      mkdirSync(join(folder, component, 'translations'), { recursive: true });
      writeFileSync(join(folder, component, 'translations', `${language}.json`), JSON.stringify(content));
    };
    write('lamp', 'en', { title: 'Lamp', step: { user: { text: 'Give the name' } }, only: 'English' });
    write('lamp', 'ro', { title: 'Lamp', step: { user: { text: 'Daţi numele' } }, extra: 'Altceva' });
    write('english', 'en', { title: 'No other language' });
    expect(interfaceStrings(folder)).toEqual([
      { component: 'lamp', key: 'step.user.text', english: 'Give the name', romanian: 'Dați numele' },
    ]);
    rmSync(folder, { recursive: true });
  });
});

describe('translationData', () => {
  it('keeps chapters and components together', () => {
    const strings = Array.from({ length: 40 }, (_, at) => ({
      component: `c${Math.floor(at / 2)}`,
      key: String(at % 2),
      english: `press button number ${at}`,
      romanian: `apăsați ${at}`,
    }));
    const data = translationData(verses, strings);
    const splits = new Map<string, Set<string>>();
    for (const [split, part] of Object.entries(data)) {
      for (const { id } of part) {
        const group = id.slice(0, id.lastIndexOf('.'));
        splits.set(group, (splits.get(group) ?? new Set()).add(split));
      }
    }
    expect(splits.size).toBe(60);
    expect([...splits.values()].every((found) => found.size === 1)).toBe(true);
  });

  it('drops repeated texts on either side and lengths out of range', () => {
    const string = { component: 'c', key: 'k', romanian: 'nou' };
    const strings = [
      { ...string, english: 'In verse 7, there are seven words!' },
      { ...string, key: 'm', english: 'quite a new text', romanian: 'În versetul 8.' },
      { ...string, key: 'n', english: 'too few words' },
    ];
    const data = translationData(verses, strings);
    expect(Object.values(data).flat()).toHaveLength(120);
  });
});
