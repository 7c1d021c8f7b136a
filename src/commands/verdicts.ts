import { verdicts } from '../experiments/findings';
import { papers, rule, type Paper } from '../experiments/findings/verdict';
import { tableText } from '../plots/table';
import { verdictTable } from '../views/verdict-table';
import { flag, print, printJson, wordOf, type Input } from './command';

/** `petl verdicts`: what our full runs say about the papers' findings. */
export function verdictsCommand(input: Input): number {
  const paper = wordOf(input, 'paper', { words: ['all', ...papers], fallback: 'all' });
  const found = verdicts(paper === 'all' ? papers : [paper satisfies Paper]);
  if (flag(input, 'json')) printJson(found);
  else print(`${tableText(verdictTable(found))}\n\nRule: ${rule}.`);
  return 0;
}
