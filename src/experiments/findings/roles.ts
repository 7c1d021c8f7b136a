import type { Evidence } from '../statistics/link';
import { mean } from '../statistics/statistics';
import type { RunRecord } from '../store/record';
import { printedGap } from './printed';

/** Whose part of the paper a task plays here, and how the paper's points become the unit of its score. */
export interface Role {
  readonly task: string;
  readonly plays: string;
  readonly metric: string;
  /** Between them lies the span of the task: full fine-tuning, and prompt tuning as the weakest. */
  readonly study: string;
  readonly top: Anchor;
  readonly bottom: Anchor;
  /** What one printed point is here; `span`: the paper's span, in points, is ours. */
  readonly point: number | 'span';
}

/** A variant here, and the row of the paper. */
interface Anchor {
  readonly here: string;
  readonly printed: string;
}

const full: Anchor = { here: 'full', printed: 'full' };

/** @param weakest the weakest method that the task's study has */
function classification(task: string, plays: string, weakest: string): Role {
  const bottom = { here: weakest, printed: 'bitfit' };
  return { task, plays, metric: 'accuracy', study: task, top: full, bottom, point: 0.01 };
}

function generation(task: string, plays: string, metric: string): Role {
  const bottom = { here: 'prompt:l=28', printed: 'prompt:l=300' };
  return { task, plays, metric, study: task, top: full, bottom, point: 'span' };
}

/** The tasks that stand for the paper's. */
export const roles: readonly Role[] = [
  classification('sentiment', 'SST-2', 'prompt:l=20'),
  classification('verse-paraphrase', 'MNLI', 'bitfit'),
  generation('synopsis', 'XSum', 'rouge2'),
  generation('english-romanian', 'WMT16 en-ro', 'bleu'),
];

export function roleOf(task: string): Role | undefined {
  return roles.find((role) => role.task === task);
}

/**
 * How much full fine-tuning gains over prompt tuning on a task, by the last validation (its test set takes no part), in
 * the unit of the score; undefined while one of them is not run.
 */
export function spanOf(task: string, evidence: Evidence): number | undefined {
  const role = roleOf(task);
  if (role === undefined) return undefined;
  const [top, bottom] = [role.top, role.bottom].map(({ here }) => evidence(role.study, here, task).flatMap(lastScore));
  if (!top?.length || !bottom?.length) return undefined;
  return role.metric === 'accuracy' ? mean(top) - mean(bottom) : mean(bottom) - mean(top);
}

/** What one printed point is in the unit of a task's score; undefined while its span is not run. */
export function pointOf(task: string, evidence: Evidence): number | undefined {
  const role = roleOf(task);
  if (role === undefined) return undefined;
  if (role.point !== 'span') return role.point;
  const span = spanOf(task, evidence);
  const place = { tables: ['Table 6'], task: role.plays, metric: role.metric };
  const printed = printedGap({ ...place, first: [role.top.printed], second: [role.bottom.printed] }, undefined);
  return span === undefined || printed === undefined ? undefined : span / printed;
}

function lastScore({ evaluations }: RunRecord): readonly number[] {
  return evaluations.slice(-1).map(({ score }) => score);
}
