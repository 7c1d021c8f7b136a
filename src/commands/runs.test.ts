import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetReadObjects } from 'hyparquet';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { toyTools } from '../experiments/fixtures/tools';
import { executeRun } from '../experiments/runner/execute';
import { runPath, runSpec } from '../experiments/store/spec';
import { projectRoot } from '../project';

let results: string;
const specs = ['head', 'lora:r=2'].map((method) =>
  runSpec({ study: 'toy', method, training: { scored: { validation: 4, test: 4 } } }),
);
beforeEach(async () => {
  results = mkdtempSync(join(tmpdir(), 'petl-runs-'));
  for (const spec of specs)
    await executeRun({ spec, label: spec.method }, toyTools, { engine: 'compiled', report: () => undefined, results });
});
afterEach(() => {
  rmSync(results, { recursive: true });
});

/** What a command writes to standard output. */
function said(...args: readonly string[]): Buffer {
  return execFileSync(process.execPath, [join(projectRoot(), 'bin', 'petl.cjs'), ...args], {
    env: { ...process.env, VITEST: undefined, PETL_RESULTS: results },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

it('lists runs as a table, as JSON, as CSV and as Parquet', async () => {
  expect(String(said('runs', '--where', 'method~lora'))).toMatch(/lora:r=2 .* same .*\n\n1 runs\n$/s);
  expect(JSON.parse(String(said('runs', '--json')))).toMatchObject([{ method: 'head' }, { method: 'lora:r=2' }]);
  const [header = '', ...lines] = String(said('runs', '--csv', '--sort', 'method:down'))
    .trim()
    .split('\n');
  const column = header.split(',').indexOf('method');
  expect(lines.map((line) => line.split(',')[column])).toEqual(['lora:r=2', 'head']);
  const bytes = said('runs', '--parquet');
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
  expect(await parquetReadObjects({ file, columns: ['method', 'seed', 'score', 'dirty', 'validation'] })).toEqual(
    specs.map(({ method }) => ({
      method,
      seed: 1,
      score: 0.5,
      dirty: expect.any(Boolean) as boolean,
      validation: 0.401,
    })),
  );
});

it('shows curves in characters, as numbers, as a figure and as event files', () => {
  const logs = join(results, 'logs');
  const text = String(
    said('curves', runPath(specs[0]!, results), '--out', join(results, 'out'), '--tensorboard', logs),
  );
  expect(text).toContain('head    sentiment     1  █▃▁');
  expect(readdirSync(join(results, 'out')).sort()).toEqual(expect.arrayContaining(['curves.csv', 'curves.svg']));
  const events = (): readonly string[] =>
    readdirSync(logs, { recursive: true })
      .map(String)
      .filter((name) => name.includes('tfevents'));
  expect(readFileSync(join(logs, events()[0] ?? '')).includes('train/loss')).toBe(true);
  said('curves', '--where', 'seed=1', '--tensorboard', logs);
  expect(events()).toHaveLength(2); // one a run, in place of the first
  expect(String(said('curves', '--where', 'seed=1', '--csv')).split('\n')).toHaveLength(2 * 4 + 2);
  expect(() => said('curves')).toThrow('name runs, or say which by --where');
});

it('sets two runs beside each other', () => {
  const text = String(said('diff', runPath(specs[0]!, results), runPath(specs[1]!, results)));
  expect(text).toMatch(/spec +method +head +lora:r=2/);
  const [first] = JSON.parse(String(said('runs', '--json'))) as [{ readonly id: string; readonly path: string }];
  for (const name of [first.id, first.path])
    expect(JSON.parse(String(said('diff', runPath(specs[0]!, results), name, '--json')))).toMatchObject({
      equal: true,
    });
  expect(() => said('diff', first.path, 'toy/nothing.jsonl')).toThrow('there is no run file toy/nothing.jsonl');
});

it.each<readonly [string, readonly string[], string]>([
  ['a file in place of a folder', ['runs', 'FILE'], 'FILE is no folder: name one of results'],
  ['a value that no run can have', ['runs', '--where', 'score=abc'], 'score is a number, not "abc"'],
  ['two outputs', ['runs', '--csv', '--json'], '--json and --csv are one output each: choose one'],
  ['two outputs of curves', ['curves', 'RUN', '--csv', '--parquet'], '--csv and --parquet are one output each'],
  ['names and a condition', ['curves', 'RUN', '--where', 'nofield=2'], 'by --where, not both'],
  ['an order that is none', ['curves', 'RUN', '--sort', 'bogus'], 'runs have no field "bogus"'],
  ['a condition for no run', ['curves', '--where', 'seed=99', '--out', 'OUT'], '--where "seed=99" holds for no run'],
  ['a file for events', ['curves', 'RUN', '--tensorboard', 'FILE', '--out', 'OUT'], 'a part of the path is a file'],
])('refuses %s in a line, and writes nothing', (_, args, message) => {
  const names = { FILE: join(results, 'file'), OUT: join(results, 'out'), RUN: runPath(specs[0]!, results) };
  writeFileSync(names.FILE, 'a file');
  const named = (text: string): string =>
    text.replace(/^(FILE|OUT|RUN)\b/, (word) => names[word as keyof typeof names]);
  const found = spawnSync(process.execPath, [join(projectRoot(), 'bin', 'petl.cjs'), ...args.map(named)], {
    env: { ...process.env, VITEST: undefined, PETL_RESULTS: results },
    encoding: 'utf8',
  });
  expect([found.status, found.stdout, existsSync(names.OUT)]).toEqual([2, '', false]);
  expect(found.stderr).toMatch(/^petl: [^\n]*\n$/);
  expect(found.stderr).toContain(named(message));
});
