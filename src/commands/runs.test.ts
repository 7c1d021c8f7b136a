import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
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
  const [events = ''] = readdirSync(logs, { recursive: true })
    .map(String)
    .filter((name) => name.includes('tfevents'));
  expect(readFileSync(join(logs, events)).includes('train/loss')).toBe(true);
  expect(String(said('curves', '--where', 'seed=1', '--csv')).split('\n')).toHaveLength(2 * 4 + 2);
  expect(() => said('curves')).toThrow('name runs, or say which by --where');
});

it('sets two runs beside each other', () => {
  const text = String(said('diff', runPath(specs[0]!, results), runPath(specs[1]!, results)));
  expect(text).toMatch(/spec +method +head +lora:r=2/);
  expect(
    JSON.parse(String(said('diff', runPath(specs[0]!, results), runPath(specs[0]!, results), '--json'))),
  ).toMatchObject({ equal: true });
});
