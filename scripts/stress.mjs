// Runs the engine hard, in many processes, and writes what it found to results/stress/summary.json; `--share 0.05` does
// a twentieth.
import { spawnSync } from 'node:child_process';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const root = resolve(import.meta.dirname, '..');
const { values } = parseArgs({
  options: { share: { type: 'string', default: '1' }, out: { type: 'string', default: join(root, 'results/stress') } },
});
const share = Number(values.share);
if (!(share > 0 && share <= 1)) {
  console.error(`--share must lie in (0, 1], not "${values.share}"`);
  process.exit(2);
}
/** Percent that resident memory may grow by after warm-up; a short run is still warming up. */
const limit = share === 1 ? 2 : 5;
const part = (whole) => Math.max(1, Math.round(whole * share));

/** processes x times, and what must hold of what each process found. */
const plan = [
  { kind: 'state', processes: part(50), times: 60, holds: ({ programs }) => programs === 0 },
  { kind: 'start', processes: part(300), times: 1, holds: ({ sum }) => sum === 64 },
  {
    kind: 'drops',
    processes: 1,
    times: part(1000),
    holds: ({ before, after, growthPercent }) =>
      after.programs === 0 && after.tensors === before.tensors && growthPercent <= limit,
  },
  {
    kind: 'steps',
    processes: 1,
    times: part(2000),
    holds: ({ tensorsThen, tensorsNow, growthPercent }) => tensorsThen === tensorsNow && growthPercent <= limit,
  },
];

function one({ kind, times, holds }) {
  const { status, signal, stdout, stderr } = spawnSync(
    process.execPath,
    [join(root, 'bin/petl.cjs'), 'exercise', kind, '--times', String(times)],
    { cwd: root, encoding: 'utf8' },
  );
  if (status !== 0) return { ok: false, why: `ended with ${signal ?? status}: ${stderr.trim().split('\n').pop()}` };
  const found = JSON.parse(stdout);
  return { ok: holds(found), found };
}

const rows = plan.map((row) => {
  const start = Date.now();
  const runs = Array.from({ length: row.processes }, (_, i) => {
    const run = one(row);
    if ((i + 1) % 25 === 0) console.log(`  ${row.kind} ${i + 1} of ${row.processes}`);
    return run;
  });
  const bad = runs.filter(({ ok }) => !ok);
  console.log(
    `${bad.length === 0 ? 'ok  ' : 'FAIL'} ${row.kind}: ${row.processes} processes x ${row.times}, ${bad.length} bad, ${((Date.now() - start) / 1000).toFixed(0)} s ${row.processes === 1 ? JSON.stringify(runs[0].found ?? runs[0]) : ''}`,
  );
  for (const { why, found } of bad) console.log(`     ${why ?? JSON.stringify(found)}`);
  return {
    kind: row.kind,
    processes: row.processes,
    times: row.times,
    bad: bad.length,
    last: runs.at(-1).found ?? null,
    reasons: bad.map(({ why, found }) => why ?? JSON.stringify(found)),
  };
});

const file = join(resolve(values.out), 'summary.json');
mkdirSync(resolve(values.out), { recursive: true });
const record = { share, node: process.version, cpu: os.cpus()[0]?.model.trim(), cores: os.cpus().length, rows };
writeFileSync(`${file}.tmp`, `${JSON.stringify(record, null, 1)}\n`);
renameSync(`${file}.tmp`, file);
console.log(file);
process.exitCode = rows.some(({ bad }) => bad > 0) ? 1 : 0;
