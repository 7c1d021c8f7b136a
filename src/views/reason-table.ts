import type { Combination } from '../petl/design/space';
import type { Table } from '../plots/table';

/** Why combinations of the dimensions are no points of the space: how many for each reason, the most frequent first. */
export function reasonTable(combinations: readonly Combination[]): Table {
  const counts = new Map<string, number>();
  for (const { reason } of combinations)
    if (reason !== undefined) counts.set(general(reason), (counts.get(general(reason)) ?? 0) + 1);
  const rows = [...counts]
    .sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
    .map(([reason, count]) => [reason, count.toLocaleString('en')]);
  return {
    columns: [
      { title: 'refused because', align: 'left' },
      { title: 'combinations', align: 'right' },
    ],
    rows,
  };
}

/** The reason without the site that it names. */
function general(reason: string): string {
  return reason
    .replace(/^(attn|cross|ffn)(\.\w+)?\b|^embedding\b|^block\b/, 'the site')
    .replace(/, not (attn|cross|ffn|embedding|block)[.\w]*$/, '');
}
