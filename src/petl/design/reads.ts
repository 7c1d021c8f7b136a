import type { Site } from '../../model/site';
import type { Form, Modification, Reads } from './types';

/** What a reading is called in the design table, and where it can be. */
interface Reading {
  readonly letter: string;
  /** Parallel forms read what the frozen sub-module reads, sequential ones what it made. */
  readonly insertion: 'parallel' | 'sequential';
  /** What the site must show. */
  readonly needs: 'nothing' | 'queries' | 'residual' | 'segments';
}

const table: Readonly<Record<Reads, Reading>> = {
  x: { letter: 'x', insertion: 'parallel', needs: 'nothing' },
  query: { letter: 'x W_q', insertion: 'parallel', needs: 'queries' },
  'query(norm(x))': { letter: 'LN(x) W_q', insertion: 'parallel', needs: 'queries' },
  h: { letter: 'h', insertion: 'sequential', needs: 'nothing' },
  residual: { letter: 'residual', insertion: 'parallel', needs: 'residual' },
  'h+residual': { letter: '(h + residual)', insertion: 'sequential', needs: 'residual' },
  'norm(h+residual)': { letter: 'norm(h + residual)', insertion: 'sequential', needs: 'residual' },
  segment: { letter: 'segment', insertion: 'parallel', needs: 'segments' },
};

export const readings = Object.keys(table) as readonly Reads[];

export const letterOf = (reads: Reads): string => table[reads].letter;

/** Parallel forms read what the frozen sub-module reads, sequential ones what it made. */
export const insertionOf = (reads: Reads): 'parallel' | 'sequential' => table[reads].insertion;

/** What a form reads where its written form does not say. */
export const usualReads: Readonly<Record<Form['kind'], Reads>> = {
  bottleneck: 'x',
  prefix: 'query',
  diagonal: 'h',
  lookup: 'segment',
};

export const isHeads = (site: Site): boolean => site.endsWith('.heads');
export const isQuery = (reads: Reads): boolean => table[reads].needs === 'queries';
/** Sites whose h is x W + b. */
export const isProjection = (site: string): boolean => /\.(query|key|value|out|up|gate|down)$/.test(site);

const summed: readonly Site[] = ['attn', 'cross', 'ffn'];

/** Why a site does not show what is read, or undefined. */
export function whyUnread({ site, reads, form }: Modification): string | undefined {
  if (!Object.hasOwn(table, reads)) return `reads must be ${readings.join(' or ')}, not ${String(reads)}`;
  if (isQuery(reads) && !isHeads(site) && form.kind !== 'prefix')
    return `${site} has no queries to read; read x or h, or modify attn.heads`;
  if (table[reads].needs === 'residual' && !summed.includes(site))
    return `${site} is added to no residual; modify attn, cross or ffn`;
  if (table[reads].needs === 'segments' && (site !== 'embedding' || form.kind !== 'lookup'))
    return 'a segment is what a lookup at embedding reads; read x or h';
  return undefined;
}
