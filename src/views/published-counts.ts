import { readHe, readHoulsby } from '../experiments/findings/published';
import { knownShapes } from '../model/shapes';
import { count } from '../petl/counts/count';
import { parseMethod } from '../petl/design/written';
import type { Table } from '../plots/table';

/** A share as a paper prints it, beside what its own formula gives for the backbone that it names. All in %. */
export interface PublishedCount {
  readonly source: string;
  readonly backbone: string;
  readonly method: string;
  readonly printed: number;
  readonly counted: number;
  /** The same method on bart-large, whose shares He et al. print for mBART as well. */
  readonly onBart: number;
}

/**
 * Every printed share of a method that can be written here: He et al. 2021 (tables) and Houlsby et al. 2019 (Table 1).
 */
export function publishedCounts(): readonly PublishedCount[] {
  const he = readHe()
    .filter(({ printed }) => printed !== '')
    .map((n) => ({
      source: n.source,
      backbone: n.backbone,
      method: n.method,
      printed: Number(n.printed.replace('%', '')),
    }));
  const all = [...he, ...printedByHoulsby()].filter(
    ({ method }) => method !== '' && method !== 'full' && method !== 'head',
  );
  const once = new Map(all.map((row) => [JSON.stringify(row), row]));
  return [...once.values()].map((row) => ({
    ...row,
    counted: shareOn(row.backbone, row.method),
    onBart: shareOn('bart-large', row.method),
  }));
}

/** Those whose printed share is more than 0.1 points from the formula's: rounding explains no more. */
export function disagreements(): readonly PublishedCount[] {
  return publishedCounts().filter(({ printed, counted }) => Math.abs(printed - counted) > 0.1);
}

/**
 * Those whose printed share is off for bart-large as well, and those that only took bart-large's share for another
 * model.
 */
export function disagreementTable(rows: readonly PublishedCount[], kind: 'formula' | 'backbone'): Table {
  const own = rows.filter(
    ({ backbone, printed, onBart }) =>
      (backbone.startsWith('mbart') && Math.abs(printed - onBart) <= 0.1) === (kind === 'backbone'),
  );
  const titles = ['where', 'model', 'method', 'printed %', 'formula %', 'formula on bart-large %'];
  return {
    columns: titles.map((title) => ({ title, align: title.endsWith('%') ? 'right' : 'left' })),
    rows: own.map(({ source, backbone, method, printed, counted, onBart }) => [
      source,
      backbone,
      method,
      String(printed),
      counted.toFixed(2),
      onBart.toFixed(2),
    ]),
  };
}

function shareOn(model: string, method: string): number {
  const shape = knownShapes[model];
  if (shape === undefined) throw new Error(`no shape ${model}`);
  return 100 * count(parseMethod(method), shape).share;
}

function printedByHoulsby(): readonly { source: string; backbone: string; method: string; printed: number }[] {
  return readHoulsby().flatMap(({ table, backbone, method, share }) =>
    table === 'Table 1' && share !== null
      ? [{ source: `Houlsby et al. 2019, ${table}`, backbone, method, printed: share }]
      : [],
  );
}
