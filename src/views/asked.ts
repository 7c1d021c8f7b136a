import type { Table } from '../plots/table';
import type { Asked, Asker } from '../retrieval/ask';
import { passageLine } from '../tasks/collections/reading';

/** The passages of a question in the order in which they were packed, those that were read marked. */
export function askedTable({ passages }: Pick<Asked, 'passages'>): Table {
  return {
    columns: [
      { title: 'read', align: 'left' },
      { title: 'found', align: 'right' },
      { title: 'relevance', align: 'right' },
      { title: 'where', align: 'left' },
      { title: 'passage', align: 'left' },
    ],
    rows: passages.map(({ read, found, relevance, title, text }) => [
      read ? '*' : '',
      String(found),
      relevance === null ? '-' : relevance.toFixed(3),
      title,
      text.length > 90 ? `${text.slice(0, 87)}...` : text,
    ]),
  };
}

/** What the reader read before the question, whole. */
export function packedText({ passages }: Pick<Asked, 'passages'>): string {
  return passages
    .filter(({ read }) => read)
    .map(passageLine)
    .join('\n');
}

/** The answer, with a line under it where no passage is as relevant as those that answer mostly are. */
export function answerText({ passages, answer, least }: Pick<Asked, 'passages' | 'answer' | 'least'>): string {
  const best = Math.max(0, ...passages.map(({ relevance }) => relevance ?? 0));
  if (least === null || best >= least) return answer;
  return `${answer}\n(the collection may well not answer this: its best passage has relevance ${best.toFixed(3)}, and where one answers it is mostly at least ${least.toFixed(3)})`;
}

/** Milliseconds of each step, and what opening took. */
export function timesLine({ seconds, tokens, reader }: Asked, opened: Asker['opened']): string {
  const ms = (value: number): string => `${Math.round(1000 * value)} ms`;
  const { retrieve, rerank, pack, read } = seconds;
  return [
    `found in ${ms(retrieve)}, re-ranked in ${ms(rerank)}, packed ${tokens} tokens in ${ms(pack)}, read by ${reader} in ${ms(read)}`,
    `index opened in ${ms(opened.index)}, models in ${ms(opened.models)}`,
  ].join('\n');
}
