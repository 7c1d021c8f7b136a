import { describe, expect, it } from 'vitest';
import { newsData } from './news-lead';
import { splitOf } from '../split';

const words = (count: number, word: string): string => Array.from({ length: count }, (_, i) => `${word}${i}`).join(' ');
const article = (i: number, lead = words(10, `lead${i}x`)): { key: string; text: string } => ({
  key: `tech/${i}.txt`,
  text: `A title\n\n${lead} \n\n${words(40, 'b')}\n\n${words(30, `c${i}x`)}\n`,
});

describe('newsData', () => {
  const articles = Array.from({ length: 40 }, (_, i) => article(i));
  const data = newsData(articles);
  const all = Object.values(data).flat();

  it('takes the first paragraph as target and all after it as source, without the title', () => {
    const found = all.find(({ id }) => id === 'tech/3.txt');
    expect(found).toEqual({
      id: 'tech/3.txt',
      text: `${words(40, 'b')} ${words(30, 'c3x')}`,
      target: words(10, 'lead3x'),
    });
  });

  it('divides by the key that pretraining asks', () => {
    for (const [split, part] of Object.entries(data))
      for (const { id } of part) expect(splitOf(`article ${id}`)).toBe(split);
  });

  it('drops articles that are there twice, short ones, and leads that are none', () => {
    const odd = [
      article(50, words(10, 'lead3x')),
      article(51, 'Too short'),
      article(52, words(60, 'l')),
      { key: 'tech/53.txt', text: `Title\n\n${words(10, 'm')}\n\n${words(20, 'n')}` },
    ];
    expect(Object.values(newsData([...articles, ...odd])).flat()).toHaveLength(all.length);
  });
});
