import { seconds } from '../clock';
import { UserError } from '../errors';
import { collectionNamed } from '../tasks/collections/index';
import type { Passage } from '../tasks/collections/collection';
import { Embedder } from './embed';
import { noAnswerOf } from './no-answer';
import { demandQuestion, retrieve, type Retriever } from './retrieve';
import type { Reader } from './reader';
import type { Reranker } from './rerank';
import { openReranker } from './reranking';
import { demandEncoder, openIndex, type Index } from './store';

export interface AskOptions {
  readonly retriever: Retriever;
  /** Candidates that are found, and re-ranked. */
  readonly candidates: number;
  readonly rerank: boolean;
  /** Passages that are read at most. */
  readonly passages: number;
  /** Tokens of all that is read. */
  readonly window: number;
}

export const usualAsking: AskOptions = { retriever: 'union', candidates: 20, rerank: true, passages: 8, window: 1024 };

/** A passage on its way to the reader. */
export interface Seen extends Passage {
  /** Its place among those that were found, from 1, and its score there. */
  readonly found: number;
  readonly score: number;
  /** How likely it is to hold the answer, by the re-ranker; null where there is none. */
  readonly relevance: number | null;
  readonly read: boolean;
}

export interface Asked {
  readonly question: string;
  readonly collection: string;
  readonly reader: string;
  /** In the order in which they are packed. */
  readonly passages: readonly Seen[];
  /** Relevance below which even the best passage is thought to hold no answer; null where nothing was re-ranked. */
  readonly least: number | null;
  /** Tokens of the packed passages. */
  readonly tokens: number;
  readonly answer: string;
  /** Seconds of each step. */
  readonly seconds: Readonly<Record<'retrieve' | 'rerank' | 'pack' | 'read', number>>;
}

/** Cosine below which no passage speaks of what was asked. */
const FAR = 0.35;

/** A collection with what finds, orders and reads its passages, in memory. Owns the models until `dispose()`. */
export class Asker {
  readonly index: Index;
  /** Seconds until the first question could be asked. */
  readonly opened: Readonly<Record<'index' | 'models', number>>;
  private readonly embedder: Embedder;
  private reranker: Reranker | undefined;
  private least: number | null = null;
  private readonly reader: Reader;

  private constructor(
    parts: { readonly index: Index; readonly embedder: Embedder; readonly reader: Reader },
    opened: Asker['opened'],
  ) {
    this.index = parts.index;
    this.embedder = parts.embedder;
    this.reader = parts.reader;
    this.opened = opened;
  }

  /** @param read opens the reader, once everything else stands */
  static async open(collection: string, read: () => Promise<Reader>): Promise<Asker> {
    collectionNamed(collection);
    const begin = seconds();
    const index = openIndex(collection);
    const between = seconds();
    const embedder = await Embedder.open();
    try {
      demandEncoder(index, embedder);
      const reader = await read();
      const opened = { index: between - begin, models: seconds() - between };
      return new Asker({ index, embedder, reader }, opened);
    } catch (error) {
      embedder.dispose();
      throw error;
    }
  }

  /**
   * Finds, re-ranks, packs, answers.
   * @throws UserError on an empty question, a longer one than is read, one that no passage speaks of, and where a
   *   re-ranker is asked for that is not there
   */
  async ask(asked: string, options: AskOptions = usualAsking): Promise<Asked> {
    const question = demandQuestion(asked, this.embedder);
    const { collection, passages } = this.index;
    if (options.rerank) this.openReranker();
    const clock = stopwatch();
    const [found] = retrieve(this.index, this.embedder, [question], options.candidates);
    const hits = found?.[options.retriever] ?? [];
    const nearest = found?.dense[0]?.score ?? 0;
    if (hits.length === 0 || nearest < FAR)
      throw new UserError(
        `no passage of "${collection}" speaks of "${short(question)}" (the nearest has cosine ${nearest.toFixed(2)}, of at least ${FAR}): ask of what it holds`,
      );
    const first = hits.map(({ place, score }, i) => ({
      ...(passages[place] as Passage),
      found: i + 1,
      score,
      relevance: null,
    }));
    clock('retrieve');
    const { reranker } = this;
    const ordered = options.rerank && reranker ? await reranker.order(question, first) : first;
    clock('rerank');
    const wanted = collectionNamed(collection).asked(question);
    const packed = this.reader.pack(wanted, ordered, { window: options.window, most: options.passages });
    if (packed.places.length === 0) throw new UserError(noRoom(options.window, this.reader.room));
    clock('pack');
    const answer = await this.reader.answer(wanted, ordered.slice(0, packed.places.length));
    const times = clock('read');
    const seen = ordered.map((passage, place) => ({ ...passage, read: place < packed.places.length }));
    return {
      question,
      collection,
      reader: this.reader.name,
      passages: seen,
      least: options.rerank ? this.least : null,
      tokens: packed.tokens,
      answer,
      seconds: times,
    };
  }

  private openReranker(): void {
    const { collection, origin } = this.index;
    this.reranker ??= openReranker(collection, origin);
    this.least ??= noAnswerOf(collection, origin).least;
  }

  dispose(): void {
    this.embedder.dispose();
    this.reranker?.dispose();
    this.reader.dispose();
  }
}

/** What keeps passages out: the window that was given, or the reader, which no window makes larger. */
export function noRoom(window: number, room: number): string {
  return room <= window
    ? `the reader takes ${room} tokens, which have no room for a passage beside the question: ask a shorter one, or another reader`
    : `a window of ${window} tokens has no room for a passage: give a larger --window`;
}

const short = (text: string): string => (text.length > 60 ? `${text.slice(0, 57)}...` : text);

/** Seconds since the call before, kept under a name. */
function stopwatch(): (step: keyof Asked['seconds']) => Asked['seconds'] {
  const times = { retrieve: 0, rerank: 0, pack: 0, read: 0 };
  let before = seconds();
  return (step) => {
    const now = seconds();
    times[step] = now - before;
    before = now;
    return times;
  };
}
