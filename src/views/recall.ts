import { readRetrieval, within, type RetrievalRecord } from '../experiments/retrieval-record';
import { mean, meanInterval } from '../experiments/statistics/statistics';
import type { Table } from '../plots/table';
import type { Ranks } from '../retrieval/score';

const shown = [1, 2, 4, 8, 20, 100] as const;

/** How often the passage that answers is among the first k, in percent with 95% intervals over questions. */
export function recallTable({ found, packed }: Pick<RetrievalRecord, 'found' | 'packed'>): Table {
  const names = { lexical: 'words (BM25)', dense: 'meaning (MiniLM)', union: 'both' } as const;
  const orders = {
    union: 'both',
    reranked: 'both, re-ranked',
    dense: 'meaning',
    'dense-reranked': 'meaning, re-ranked',
  } as const;
  return {
    columns: [
      { title: 'found by', align: 'left' },
      { title: 'questions', align: 'right' },
      ...shown.map((k) => ({ title: `first ${k}`, align: 'right' }) as const),
    ],
    rows: [...rowsOf(found, names), ...rowsOf(packed, orders)],
  };
}

/** How often a question without its passage is told from one with it. */
export function noAnswerLine({ noAnswer }: Pick<RetrievalRecord, 'noAnswer'>): string {
  const { least, questions, below } = noAnswer;
  const percent = (count: number): string => `${((100 * count) / Math.max(1, questions)).toFixed(0)}%`;
  return `below a relevance of ${least.toFixed(3)} (chosen on validation): ${percent(below.without)} of ${questions} test questions whose passage is taken out, ${percent(below.with)} of them as they are`;
}

/** The same of the record on disk; undefined where `petl index NAME --score` was never run. */
export function recallOf(collection: string, results?: string): Table | undefined {
  const record = readRetrieval(collection, results);
  return record && recallTable(record);
}

function rowsOf<K extends string, S extends K>(
  { ranks, depth, questions }: Ranks<K>,
  names: Readonly<Record<S, string>>,
): readonly (readonly string[])[] {
  return (Object.keys(names) as unknown as readonly S[]).map((key) => [
    names[key],
    String(questions.count),
    ...shown.map((k) => (k <= depth ? share(within(ranks[key], k)) : '')),
  ]);
}

/** `61.2 [58.1, 64.3]` */
export function share(hits: readonly number[]): string {
  const { low, high } = meanInterval(hits);
  const percent = (value: number): string => (100 * Math.min(1, Math.max(0, value))).toFixed(1);
  return `${percent(mean(hits))} [${percent(low)}, ${percent(high)}]`;
}
