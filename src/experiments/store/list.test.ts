import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { toyTools } from '../fixtures/tools';
import { tableText } from '../../plots/table';
import { diffTable } from '../../views/run-diff';
import { executeRun } from '../runner/execute';
import { repeatsFolder } from '../runner/repeat';
import { differenceOf, runNamed } from './difference';
import { madeBy } from './entry';
import { listRuns } from './index-cache';
import { recordAt } from './read';
import type { RunRecord } from './record';
import { adapterFolder, runPath, runSpec } from './spec';
import { sorted, whereOf } from './where';

let results: string;
let cache: string;
const specs = [1, 2, 3].flatMap((seed) =>
  ['head', 'lora:r=2,s=4'].map((method) =>
    runSpec({ study: 'toy', method, seed, training: { scored: { validation: 4, test: 4 } } }),
  ),
);
const [first, lora] = specs as [(typeof specs)[0] & object, (typeof specs)[0] & object];

beforeEach(async () => {
  results = mkdtempSync(join(tmpdir(), 'petl-list-'));
  cache = join(results, '.index.json');
  for (const spec of specs) await execute(spec, results);
});
afterEach(() => rmSync(results, { recursive: true, force: true }));

/** A value of the kind that this one is not. */
const otherThan = (value: unknown): unknown => (typeof value === 'number' ? value + 1 : 'other');

const execute = (spec: typeof first, folder: string) =>
  executeRun({ spec, label: spec.method }, toyTools, { engine: 'compiled', report: () => undefined, results: folder });

describe('the list of runs', () => {
  it('is every finished run, with what made it, and none of those made to be compared', async () => {
    await execute(first, repeatsFolder(results));
    const found = listRuns(results, cache);
    expect(found.map(({ path }) => path)).toEqual(found.map(({ id }) => join('quick', 'toy', `${id}.jsonl`)).sort());
    expect(found).toHaveLength(6);
    const entry = found.find(({ method, seed }) => method === 'head' && seed === 1);
    expect(entry).toMatchObject({
      score: 0.5,
      metric: 'accuracy',
      trained: 100,
      share: 1,
      rate: 0.001,
      validation: 0.401,
    });
    expect(entry?.code).toMatch(/^[0-9a-f]{12}$/);
    expect([madeBy(entry?.code, entry?.code ?? ''), madeBy('other', 'x'), madeBy(null, 'x')]).toEqual([
      'same',
      'other',
      'unknown',
    ]);
  });

  it('has the runs of a study called adapters, and nothing that studies keep in a folder of that name', async () => {
    const own = (['full', 'quick'] as const).map((tier) => runSpec({ ...first, study: 'own/adapters', tier }));
    for (const spec of own) {
      await execute(spec, results);
      const kept = adapterFolder(spec, results)!;
      mkdirSync(kept, { recursive: true });
      writeFileSync(join(kept, 'notes.jsonl'), 'no run');
    }
    const said = vi.spyOn(console, 'error').mockReturnValue();
    const found = listRuns(results, cache).filter(({ study }) => study === 'own/adapters');
    expect(found.map(({ path }) => join(results, path)).sort()).toEqual(
      own.map((spec) => runPath(spec, results)).sort(),
    );
    expect(listRuns(join(results, 'own'), join(results, '.own.json'))).toHaveLength(1);
    expect(said).not.toHaveBeenCalled();
    said.mockRestore();
  });

  it('reads a file once, again when it has changed, and everything when the cache is thrown away', () => {
    const said = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const path = runPath(first, results);
    utimesSync(path, 1e9, 1e9);
    listRuns(results, cache);
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.replace('"score":0.5', '"score":0.7')); // the same size, and now the same times
    utimesSync(path, 1e9, 1e9);
    expect(listRuns(results, cache)).toHaveLength(6);
    expect(said).not.toHaveBeenCalled();
    rmSync(cache);
    expect(listRuns(results, cache)).toHaveLength(5);
    expect(said.mock.calls.flat().join()).toContain('its checksum does not fit');
    writeFileSync(cache, 'no index');
    writeFileSync(path, text);
    expect(listRuns(results, cache)).toHaveLength(6);
    expect(existsSync(cache)).toBe(true);
    rmSync(path);
    expect(listRuns(results, cache)).toHaveLength(5);
    said.mockRestore();
  });

  it.each([
    ['method~lora', 3],
    ['method=lora:r=2,s=4 and seed>=2', 2],
    ['seed=1 or seed=3 and method=head', 3],
    ['method!~LORA and score<0.6', 3],
    ['label="head" and study != other', 3],
    ['score>0.4 and peakMb<=100', 6],
    ["loss='0.5'", 6],
    ['dirty=true or dirty=false', 6],
    ['examples=all or examples>0', 6],
    ['peakMb=none', 0],
    ['kernels=none', 0],
    ['kernels!=none', 6],
    ["label!='Pfeiffer and others'", 6],
  ])('%s holds for %d', (where, count) => {
    expect(listRuns(results, cache).filter(whereOf(where))).toHaveLength(count);
  });

  it.each([
    ['sed=1', '; did you mean "seed" or "id"?'],
    ['seed', 'seed is no comparison'],
    ['seed=1 and', 'nothing is no comparison'],
    ['', 'nothing is no comparison'],
    ['score=abc', 'score is a number, not "abc": write one, such as score=1'],
    ['score>abc', 'score is a number, not "abc": write one, such as score>1'],
    ['score>none', 'score is a number, not "none"'],
    ['score=""', 'score is a number, not ""'],
    ['examples=many', 'examples is a number, not "many"'],
    ['dirty=yes', 'dirty is true or false, not "yes": write dirty=true or dirty=false'],
    ['dirty=none', 'dirty is true or false, not "none"'],
    ['kernels=some', 'kernels is true or false or none, not "some": write kernels=true or kernels=false'],
    ['dirty>false', 'dirty is true or false'],
    ['seed=1 task=sentiment', 'seed=1 task=sentiment has more than one value: join comparisons by and'],
    ['task=sentiment seed=1', 'has more than one value'],
    ['label=LoRA here', 'put a value with spaces in quotes'],
    [`label="LoRA"here`, 'has more than one value'],
    ["task='sentiment", "task='sentiment has a quote that is not closed: close it"],
    ['task="sentiment and seed=1', 'has a quote that is not closed'],
    ["label~Pfeiffer's", 'put the value in the other quotes'],
    ['task==sentiment', 'task==sentiment has two operators'],
    ['score=>0.5', 'score=>0.5 has two operators'],
  ])('refuses "%s"', (where, message) => {
    expect(() => whereOf(where)).toThrow(message);
  });

  it('finds older records by what they do not say', () => {
    const [entry] = listRuns(results, cache);
    const older = { ...entry!, kernels: null };
    expect([entry!, older].map(whereOf('kernels=none'))).toEqual([false, true]);
    expect([entry!, older].map(whereOf('kernels!=none'))).toEqual([true, false]);
  });

  it('is sorted by score with the best first, by others with the least first', () => {
    const found = listRuns(results, cache).slice(0, 3);
    const scored = found.map((entry, i) => ({ ...entry, score: [0.5, null, 0.9][i] ?? null, metric: 'accuracy' }));
    expect(sorted(scored, 'score').map(({ score }) => score)).toEqual([0.9, 0.5, null]);
    const losses = scored.map((entry) => ({ ...entry, metric: 'nll' }));
    expect(sorted(losses, 'score').map(({ score }) => score)).toEqual([0.5, 0.9, null]);
    expect(sorted(found, 'seed:down').map(({ seed }) => seed)).toEqual([3, 2, 1]);
    for (const by of ['seed:up', 'seed:down:up'])
      expect(() => sorted(found, by)).toThrow(`--sort "${by}": write FIELD or FIELD:down`);
  });
});

describe('two runs beside each other', () => {
  const record = (spec: typeof first) => recordAt(runPath(spec, results));

  it('differ in spec and examples, and a run from itself in nothing', () => {
    const found = differenceOf(record(first), record(specs[2]!));
    expect(found.spec).toEqual([{ field: 'seed', first: '1', second: '2' }]);
    expect(found.counts).toEqual([]);
    expect(found.examples).toEqual({ count: 4, differ: 4, above: 2, largest: 1 });
    expect(found.curve).toEqual({ steps: 3, largest: 0, mean: 0, at: 1 });
    expect([found.equal, differenceOf(record(first), record(first)).equal]).toEqual([false, true]);
    const moved = {
      ...record(lora),
      train: record(lora).train.map((line) => ({ ...line, loss: line.loss + 0.25 * line.step })),
    };
    expect(differenceOf(record(lora), moved)).toMatchObject({
      equal: false,
      curve: { steps: 3, largest: expect.closeTo(0.75, 9) as number, mean: expect.closeTo(0.5, 9) as number, at: 3 },
    });
    const other = record(first);
    const elsewhere = { ...other, final: { ...other.final, tests: { count: 4, hash: 'ffffffff' } } };
    expect(differenceOf(record(first), elsewhere)).toMatchObject({ examples: null, inputs: [{ field: 'tests.hash' }] });
  });

  it('differ wherever a number that was computed does, and say where; times alone make no difference', () => {
    const one = record(lora);
    const scores = { bleu: 1, chrf: 2, rouge1: 3, rouge2: 4, rougeL: 5, rougeLsum: 6 };
    const written = { examples: { count: 1, hash: 'w' }, ...scores, unfinished: 0, seconds: 1, texts: ['a'] };
    const whole: RunRecord = {
      ...one,
      final: { ...one.final, exact: 0.5, oracle: 0.25, kept: 2, tokens: [3], written },
    };
    const times = new Set(['seconds', 'trainSeconds', 'peakMb', 'programs']);
    const changed = <T extends object>(of: T): (readonly [string, T])[] =>
      Object.entries(of).map(([key, value]) => [key, { ...of, [key]: otherThan(value) }]);
    const [line, evaluation] = [whole.train[0]!, whole.evaluations[0]!];
    const all: readonly (readonly [string, RunRecord])[] = [
      ...changed(whole.final).map(([key, final]) => [key, { ...whole, final }] as const),
      ...changed(written).map(([key, own]) => [key, { ...whole, final: { ...whole.final, written: own } }] as const),
      ...changed(line).map(([key, own]) => [key, { ...whole, train: [own, ...whole.train.slice(1)] }] as const),
      ...changed(evaluation).map(([key, own]) => [key, { ...whole, evaluations: [own] }] as const),
    ];
    expect(all.length).toBeGreaterThan(35);
    for (const [key, other] of all) expect([key, differenceOf(whole, other).equal]).toEqual([key, times.has(key)]);
    const differing = { ...whole, final: { ...whole.final, exact: 0.75, oracle: null, kept: 1 } };
    const found = differenceOf(whole, differing);
    expect(found.outcome).toEqual([
      { field: 'oracle', first: '0.25', second: 'null' },
      { field: 'kept', first: '2', second: '1' },
      { field: 'exact', first: '0.5', second: '0.75' },
    ]);
    expect(tableText(diffTable(found))).toMatch(/outcome +kept +2 +1/);
    expect(differenceOf(whole, { ...whole, evaluations: [{ ...evaluation, score: 0.5 }] }).outcome).toEqual([
      { field: 'validation.step 3.score', first: '0.75', second: '0.5' },
    ]);
  });

  it('are named by id, by its end, or by path; else a line says what there is', () => {
    const all = listRuns(results, cache);
    const [one] = all as [(typeof all)[0] & object];
    for (const name of [one.id, one.id.slice(-8), one.path]) expect(runNamed(name, all)).toBe(one.path);
    expect(() => runNamed('nothing', all)).toThrow('there is no run "nothing"');
    expect(() => runNamed(one.id, [one, { ...one, path: 'own/x' }])).toThrow('names 2 runs');
  });
});
