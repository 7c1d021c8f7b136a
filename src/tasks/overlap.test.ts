import { describe, expect, it } from 'vitest';
import { randomFrom } from '../random';
import { cosine, cosines, idfVectors, largest, wordIndex } from './overlap';

const texts = ['the cat sat', 'the dog sat', 'a bird sang', 'the cat and the dog'];
const vectorOf = idfVectors(texts);

describe('idfVectors', () => {
  it('weighs words by rarity and scales to length 1', () => {
    const cat = vectorOf('The CAT, the cat!');
    // ln(4/3) for "the", ln(4/2) for "cat"
    expect(cat.get('cat')! / cat.get('the')!).toBeCloseTo(Math.log(2) / Math.log(4 / 3), 12);
    expect(cosine(cat, cat)).toBeCloseTo(1, 12);
    expect(cosine(cat, vectorOf('a bird sang'))).toBe(0);
    expect(vectorOf('unseen word').size).toBe(2);
    expect(vectorOf('').size).toBe(0);
  });
});

describe('cosines', () => {
  it('equals one cosine at a time', () => {
    const vectors = texts.map(vectorOf);
    const query = vectorOf('the cat sang');
    expect([...cosines(query, wordIndex(vectors))].map((value) => value.toFixed(12))).toEqual(
      vectors.map((vector) => cosine(query, vector).toFixed(12)),
    );
  });
});

describe('largest', () => {
  it('equals sorting everything', () => {
    const random = randomFrom(3);
    const values = Float64Array.from({ length: 500 }, (_, at) => (at % 7 === 0 ? 0 : Math.round(random() * 300) / 300));
    const all = [...values.keys()].filter((at) => values[at]! > 0).sort((a, b) => values[b]! - values[a]! || a - b);
    for (const count of [1, 10, 100, 1000]) expect(largest(values, count)).toEqual(all.slice(0, count));
    expect(largest(new Float64Array(5), 3)).toEqual([]);
  });
});
