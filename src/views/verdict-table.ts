import { verdicts } from '../experiments/findings/index';
import type { LinkVerdict } from '../experiments/findings/decide';
import type { Paper, Verdict } from '../experiments/findings/verdict';
import type { Column, Table } from '../plots/table';

const left = (title: string): Column => ({ title, align: 'left' });
const right = (title: string): Column => ({ title, align: 'right' });

/** Verdicts on some of a paper's findings; corrected over all of them. */
export function verdictsOf(paper: Paper, ids: readonly string[]): readonly Verdict[] {
  return verdicts([paper]).filter(({ id }) => ids.includes(id));
}

/** One row for each finding, with the comparison that decides it; the reason where none does. */
export function verdictTable(found: readonly Verdict[]): Table {
  return {
    columns: [
      left('id'),
      left('verdict'),
      right('gap'),
      left('interval'),
      right('seeds'),
      right('hold'),
      left('finding'),
    ],
    rows: found.map(({ id, verdict, gap, ci, seeds, links, finding, reason }) => [
      id,
      verdict,
      gapText(gap),
      intervalText(ci),
      seeds === 0 ? '' : String(seeds),
      links.of === 0 ? '' : `${links.held} of ${links.of}`,
      links.of === 0 ? `${finding} (${reason})` : finding,
    ]),
  };
}

/** Every comparison behind the verdicts, with the preconditions that it fails. */
export function linkTable(found: readonly Verdict[]): Table {
  return {
    columns: [
      left('id'),
      left('comparison'),
      left('verdict'),
      right('gap'),
      left('interval'),
      right('seeds'),
      right('published'),
      left('fails'),
    ],
    rows: found.flatMap(({ id, comparisons }) => comparisons.map((one) => linkRow(id, one))),
  };
}

/** Each precondition of the deciding comparisons: what was asked, whether it held, and the figure. */
export function preconditionTable(found: readonly Verdict[]): Table {
  return {
    columns: [left('id'), left('precondition'), left('held'), left('figure')],
    rows: found.flatMap(({ id, preconditions }) =>
      preconditions.map(({ name, held, figure }) => [id, name, held ? 'yes' : 'no', figure]),
    ),
  };
}

function linkRow(id: string, one: LinkVerdict): readonly string[] {
  const { claim, verdict, gap, ci, seeds, control, preconditions } = one;
  const fails = preconditions.filter(({ held }) => !held).map(({ name }) => name);
  const printed = control === null ? '' : control.gap.toFixed(2);
  return [
    id,
    claim,
    verdict,
    gapText(gap),
    intervalText(ci),
    seeds === 0 ? '' : String(seeds),
    printed,
    fails.join(', '),
  ];
}

function gapText(gap: number | null): string {
  return gap?.toFixed(4) ?? '';
}

function intervalText(ci: Verdict['ci']): string {
  return ci === null ? '' : `[${ci[0].toFixed(4)}, ${ci[1].toFixed(4)}]`;
}
