import type { SpanExample } from './answer-spans';
import { cosine, idfVectors } from './overlap';

/** Words of the longest answer that is guessed. */
const MOST = 4;

/**
 * What can be found without a transformer, after the sliding window of Rajpurkar et al. 2016 (section 5): of the
 * sentences of the text the one with the highest IDF-cosine to the question, and there the first run of words that the
 * question has not and that are no function words, at most four.
 * @param train texts that words are counted in
 */
export function windowAnswers(train: readonly SpanExample[], test: readonly SpanExample[]): readonly string[] {
  const texts = [...new Set(train.map(({ pair }) => pair))];
  const vectorOf = idfVectors(texts);
  const common = frequent(texts);
  return test.map(({ text: question, pair }) => {
    const sentences = pair.split(/(?<=[.!?])\s+/).filter((sentence) => sentence.trim() !== '');
    const asked = vectorOf(question);
    const scores = sentences.map((sentence) => cosine(asked, vectorOf(sentence)));
    const best = scores.reduce((most, score, i) => (score > (scores[most] ?? 0) ? i : most), 0);
    return firstRun(sentences[best] ?? pair, new Set([...lettersOf(question), ...common]));
  });
}

/** Words in at least a tenth of all texts, and in two. */
function frequent(texts: readonly string[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const text of texts) for (const word of new Set(lettersOf(text))) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].filter(([, count]) => count > 1 && 10 * count >= texts.length).map(([word]) => word);
}

function lettersOf(text: string): readonly string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}

function firstRun(sentence: string, known: ReadonlySet<string>): string {
  const words = sentence.split(/\s+/);
  const isNew = (word: string): boolean => lettersOf(word).some((letters) => !known.has(letters));
  const from = words.findIndex(isNew);
  if (from < 0) return words.slice(0, MOST).join(' ');
  const rest = words.slice(from, from + MOST);
  const end = rest.findIndex((word) => !isNew(word));
  return (end < 0 ? rest : rest.slice(0, end)).join(' ');
}
