import { verdicts } from '../experiments/findings';
import { papers, rule, type Paper, type Verdict } from '../experiments/verdict';
import { tableText, type Table } from '../plots/table';
import { flag, print, printJson, wordOf, type Input } from './command';

/** `petl verdicts`: what our full runs say about the papers' findings. */
export function verdictsCommand(input: Input): number {
  const paper = wordOf(input, 'paper', { words: ['all', ...papers], fallback: 'all' });
  const found = verdicts(paper === 'all' ? papers : [paper satisfies Paper]);
  if (flag(input, 'json')) printJson(found);
  else print(`${tableText(verdictTable(found))}\n\nRule: ${rule}.`);
  return 0;
}

export function verdictTable(found: readonly Verdict[]): Table {
  const columns = [
    { title: 'id', align: 'left' }, { title: 'verdict', align: 'left' }, { title: 'gap', align: 'right' }, { title: 'interval', align: 'left' },
    { title: 'seeds', align: 'right' }, { title: 'finding', align: 'left' },
  ] as const;
  return {
    columns,
    rows: found.map(({ id, verdict, gap, ci, seeds, finding }) => (
      [id, verdict, gap?.toFixed(4) ?? '', ci ? `[${ci[0].toFixed(4)}, ${ci[1].toFixed(4)}]` : '', seeds === 0 ? '' : String(seeds), finding])),
  };
}
