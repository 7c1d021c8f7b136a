import type { Finding, Link, Paper } from '../verdict';

/** A finding that no study decides yet. */
export type Open = readonly [id: string, source: string, text: string];

export function open(paper: Paper, findings: readonly Open[]): readonly Finding[] {
  return findings.map(([id, source, text]) => ({ id, paper, source, text, links: [], study: null, notebook: null }));
}

export const greater = (better: string, worse: string): Link => ({ kind: 'greater', better, worse });
export const near = (a: string, b: string): Link => ({ kind: 'near', a, b });
