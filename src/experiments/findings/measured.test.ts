import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { spansOf } from '../../tasks/spans';
import { joinedInTurn, readInTurn, shareRight, writeInTurn, type InTurnRecord } from '../in-turn-record';
import { writeSpans } from '../span-record';
import { toyOutcome } from '../fixtures/tools';
import { linkText, testLink, type Columns, type Evidence } from '../statistics/link';
import type { MeasuredColumn } from '../statistics/measured-column';
import { seedlessHash } from '../store/spec';
import { writeLabelBaselines } from './label-baselines';
import { measuredColumns } from './measured';
import { pointOf } from './roles';
import { evidenceOf, finding, link } from './testing/toy';
import { judge } from './verdict';

const results = mkdtempSync(join(tmpdir(), 'petl-measured-'));
afterAll(() => rmSync(results, { recursive: true, force: true }));
const print = { count: 4, hash: 'x' };
/** Of four examples three are right, two without layer 2, one without any. */
const rightWithout = (span: readonly [number, number] | null): string =>
  span === null || (span[0] === 0 && span[1] === 0) ? '1110' : span[1] - span[0] === 1 ? '1000' : '1100';
const turn = (seed: number): InTurnRecord => ({
  task: 'one',
  then: 'two',
  model: 'm',
  examples: print,
  seeds: [
    {
      seed,
      right: { 'full before': '1110', 'full after': '0100', 'adapters before': '1011', 'adapters after': '1011' },
    },
  ],
});

describe('columns of records', () => {
  let columns: Columns;
  beforeAll(() => {
    const seeds = [1, 2].map((seed) => ({
      seed,
      seconds: 1,
      spans: spansOf(2).map((span) => ({ span, right: rightWithout(span) })),
    }));
    writeSpans({ task: 'one', model: 'm', method: 'houlsby:m=3', layers: 2, examples: print, seeds }, results);
    const rows = [{ name: 'majority', about: '', score: 0.5, right: [1, 0, 0, 1] }] as const;
    writeLabelBaselines({ task: 'one', train: print, examples: print, rows }, results);
    writeInTurn(joinedInTurn(turn(2), turn(1)), results);
    columns = measuredColumns(results);
  });

  it('are those of every span, and of the most frequent label', () => {
    expect(columns('spans', 'one', 'whole')).toEqual({
      ...{ method: 'houlsby:m=3', model: 'm', tests: print, spec: undefined },
      rows: [1, 2].map((seed) => ({ seed, right: [1, 1, 1, 0] })),
    });
    expect(columns('spans', 'one', 'without 2-2')?.rows[0]?.right).toEqual([1, 1, 0, 0]);
    expect(columns('spans', 'one', 'without 1-2')?.rows[1]).toEqual({ seed: 2, right: [1, 0, 0, 0] });
    expect(columns('spans', 'one', 'majority')?.rows[1]).toEqual({ seed: 2, right: [1, 0, 0, 1] });
    expect(columns('spans', 'two', 'whole')).toBeUndefined();
  });

  it('are those of tasks in turn', () => {
    expect(columns('in-turn', 'one', 'full after')).toMatchObject({
      ...{ method: 'full', model: 'm' },
      rows: [1, 2].map((seed) => ({ seed, right: [0, 1, 0, 0] })),
    });
    expect(columns('in-turn', 'one', 'adapters before')?.method).toBe('houlsby:m=32');
    expect(columns('in-turn', 'one', 'other before')).toBeUndefined();
    const record = readInTurn('one', results)!;
    expect(shareRight(record, 'full before')).toBe(0.75);
    expect(shareRight(record, 'full after')).toBe(0.25);
    expect(() => joinedInTurn(record, { ...turn(3), then: 'three' })).toThrow(/is of second task two, not three/);
  });
});

describe('a comparison of a record', () => {
  const evidence = evidenceOf();
  const measured = (first: readonly string[], second: readonly string[]) => ({
    measured: { record: 'spans' as const, first, second },
  });
  const made = link('atLeast', 'good', 'good', { ...measured(['a', 'b'], ['c']), points: 2 });
  /** a and b are right in 90 and 86 of 100, c in 90, with a little by seed. */
  const rates: Readonly<Record<string, number>> = { a: 90, b: 86, c: 90 };
  const columnsOf =
    (of: Partial<MeasuredColumn> = {}): Columns =>
    (_, __, name) => ({
      ...{ method: 'lora:r=4', model: 'minilm-l6', tests: { count: 400, hash: 'x' }, ...of },
      rows: [1, 2, 3, 4, 5].map((seed) => ({
        seed,
        right: Array.from({ length: 400 }, (___, i) =>
          Number((i + (name === 'c' ? 0 : seed % 2)) % 100 < (rates[name] ?? 0)),
        ),
      })),
    });
  const columns = columnsOf();

  it('takes the means of its columns, seed by seed', () => {
    const found = testLink(made, evidence, columns);
    expect(found.kind === 'tested' && found.found).toMatchObject({ seeds: 5, examples: 400 });
    expect(found.kind === 'tested' ? found.found.gap : NaN).toBeCloseTo(-0.02, 10);
    expect(linkText(made)).toBe('a + b >= c on synopsis');
  });

  it.each([
    [{ method: 'lora:r=8' }, 'is of method lora:r=8, not lora:r=4'],
    [{ model: 'other' }, /is of model other, not /],
    [{ spec: '0badc0de' }, /is of runs with the settings 0badc0de, not [0-9a-f]{8}/],
  ])('cannot be tested on a record of %j', (of, reason) => {
    const found = testLink(made, evidence, columnsOf(of));
    expect(found).toMatchObject({ kind: 'untested', reason: expect.stringMatching(reason) as string });
  });

  it("holds a record that says its runs' settings against those of the link's runs, and its test set", () => {
    const [run] = evidence('toy', 'good', 'synopsis');
    const same = columnsOf({ spec: seedlessHash(run!.run.spec), method: null });
    expect(testLink(made, evidence, same).kind).toBe('tested');
    const data = { ...toyOutcome(1).data, test: { count: 400, hash: 'y' } };
    const scored: Evidence = (...of) => evidence(...of).map((one) => ({ ...one, final: { ...one.final, data } }));
    expect(testLink(made, scored, columns)).toMatchObject({
      reason: expect.stringContaining('is of test examples x, not y') as string,
    });
  });

  it('has the delta that the paper names, and cannot be tested without the record', () => {
    const [with2, none] = [
      judge([finding('x', made)], evidence, { columns })[0]!,
      judge([finding('x', made)], evidence)[0]!,
    ];
    expect(with2.comparisons[0]!.delta).toBeCloseTo(2 * pointOf(made, evidence)!, 10);
    expect([none.verdict, none.reason]).toEqual([
      'not-run',
      "a + b >= c on synopsis: the record has 0 of the runs' seeds, of at least 3: npx petl spans toy --tier full",
    ]);
  });
});
