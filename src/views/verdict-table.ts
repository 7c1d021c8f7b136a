import { verdicts } from '../experiments/findings/index';
import type { LinkVerdict, Paper, Verdict } from '../experiments/findings/verdict';
import type { Column, Table } from '../plots/table';

const left = (title: string): Column => ({ title, align: 'left' });
const right = (title: string): Column => ({ title, align: 'right' });

/** Verdicts on some of a paper's findings; corrected over all of them. */
export function verdictsOf(paper: Paper, ids: readonly string[]): readonly Verdict[] {
  return verdicts([paper]).filter(({ id }) => ids.includes(id));
}

/** One row for each finding, with the link that decides it. */
export function verdictTable(found: readonly Verdict[]): Table {
  return {
    columns: [left('id'), left('verdict'), right('gap'), left('interval'), right('seeds'), left('finding')],
    rows: found.map(({ id, verdict, gap, ci, seeds, finding }) => [
      id,
      verdict,
      gapText(gap),
      intervalText(ci),
      seeds === 0 ? '' : String(seeds),
      finding,
    ]),
  };
}

/** Every comparison behind the verdicts. */
export function linkTable(found: readonly Verdict[]): Table {
  return {
    columns: [left('id'), left('comparison'), left('verdict'), right('gap'), left('interval'), right('seeds')],
    rows: found.flatMap(({ id, links }) => links.map((link) => linkRow(id, link))),
  };
}

function linkRow(id: string, { claim, verdict, gap, ci, seeds }: LinkVerdict): readonly string[] {
  return [id, claim, verdict, gapText(gap), intervalText(ci), seeds === 0 ? '' : String(seeds)];
}

function gapText(gap: number | null): string {
  return gap?.toFixed(4) ?? '';
}

function intervalText(ci: Verdict['ci']): string {
  return ci === null ? '' : `[${ci[0].toFixed(4)}, ${ci[1].toFixed(4)}]`;
}
