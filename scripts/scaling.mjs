// Schedules on imagined machines, and one of three real workers beside what was foreseen for it; writes
// results/scaling/ and the numbers of docs/scaling.md.
//   node scripts/scaling.mjs            all of it; needs Dask (npm run setup -- --cluster)
//   node scripts/scaling.mjs --page     only writes the page from the result files
//   node scripts/scaling.mjs --check    fails where docs/scaling.md is not what results/scaling gives
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isPageCurrent, writePage } from './scaling/page.mjs';

const root = resolve(fileURLToPath(import.meta.url), '..', '..');
const require = createRequire(import.meta.url);
process.env.PETL_BUILD = require('../bin/petl.cjs').build();
const load = (...path) => require(join(process.env.PETL_BUILD, ...path));
const { runPlanned } = load('experiments', 'runner', 'run.js');
const { progressTable } = load('experiments', 'runner', 'progress.js');
const { simulate } = load('experiments', 'runner', 'schedule.js');
const { listRuns } = load('experiments', 'store', 'index-cache.js');
const { runSpec } = load('experiments', 'store', 'spec.js');
const { randomFrom } = load('random.js');
const { writeWhole } = load('files.js');
const { environment } = load('experiments', 'store', 'environment.js');

const file = join(root, 'results', 'scaling', 'scaling.json');

/** Runs that sleep, on workers of a local cluster one of whose training processes is killed on the way. */
async function real(seconds, workers) {
  const folder = mkdtempSync(join(tmpdir(), 'petl-scaling-'));
  const node = join(folder, 'node.sh');
  const toy = join(root, 'src', 'experiments', 'fixtures', 'toy-worker.cjs');
  writeFileSync(node, `#!/bin/sh\nexec "${process.execPath}" "${toy}" sleep\n`);
  chmodSync(node, 0o755);
  const log = join(folder, 'log.txt');
  Object.assign(process.env, { PETL_NODE: node, TOY_LOG: log });
  const since = () => (performance.now() - began) / 1000;
  const seen = { starts: [], extra: [], killed: undefined };
  const lanes = new Map();
  let began;
  const progress = {
    ...progressTable({ write: () => undefined, columns: 0 }),
    note: (line) => {
      if (line.startsWith(`the cluster makes ${workers} `)) began ??= performance.now();
    },
    begin: (lane) => lanes.set(lane, since()),
    event: () => {
      if (seen.starts.length === 0)
        setTimeout(() => {
          seen.killed = since();
          process.kill(Number(readFileSync(log, 'utf8').split(' ')[0]), 'SIGKILL');
        }, 20_000);
      if (seen.starts.length < workers) seen.starts.push(since());
    },
    end: (lane, { spec }, answer) => {
      if (answer.kind === 'done') seen.extra.push(since() - lanes.get(lane) - spec.training.examples);
    },
  };
  const plans = seconds.map((examples, i) => ({
    label: 'sleep',
    spec: runSpec({
      study: 'toy',
      method: `lora:r=${1 + (i % 6)}`,
      seed: i,
      training: { examples, scored: { validation: 4, test: 4 } },
    }),
  }));
  try {
    const cluster = `local:${workers}`;
    const report = await runPlanned(plans, {
      workers: 1,
      threads: 1,
      engine: 'compiled',
      cluster,
      results: folder,
      progress,
    });
    if (report.finished !== plans.length) throw new Error(`${report.finished} of ${plans.length} runs finished`);
    return { ...seen, seconds: since() };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

async function beside() {
  const random = randomFrom(3);
  const seconds = Array.from({ length: 24 }, () => 6 + Math.floor(12 * random()));
  const made = await real(seconds, 3);
  const [start, each] = [median(made.starts), median(made.extra)];
  const jobs = seconds.map((time, i) => ({ key: `lora ${i % 6}`, seconds: time }));
  const machines = { workers: 3, start, each, compile: 0, keep: 1e9, replace: 0, losses: 0, seed: 1 };
  const foreseen = simulate(jobs, { ...machines, lostAt: [made.killed] });
  return {
    ...{ runs: 24, workers: 3, lostAt: made.killed, start, each },
    ...{ measured: made.seconds, foreseen: foreseen.makespan, bound: foreseen.bound },
  };
}

/** Ten thousand runs as long as stored ones, on 1 to 256 workers. */
function imagined() {
  const stored = listRuns(join(root, 'results')).filter(
    ({ tier, study }) => tier === 'full' && !study.startsWith('own/'),
  );
  const random = randomFrom(7);
  const jobs = Array.from({ length: 10_000 }, () => {
    const { method, task, seconds } = stored[Math.floor(random() * stored.length)];
    return { key: `${method} ${task}`, seconds };
  });
  const common = { start: 10, compile: 4, each: 0.5, keep: 60, replace: 120, seed: 11 };
  const lines = [0, 0.1, 1, 6].map((losses) => ({
    losses,
    points: [1, 2, 4, 8, 16, 32, 64, 128, 256].map((workers) => {
      const { makespan, bound, lost } = simulate(jobs, { ...common, workers, losses });
      return { workers, share: bound / makespan, hours: makespan / 3600, lost };
    }),
  }));
  return { runs: jobs.length, hours: jobs.reduce((sum, { seconds }) => sum + seconds, 0) / 3600, ...common, lines };
}

function studies() {
  const stored = listRuns(join(root, 'results')).filter(
    ({ tier, study }) => tier === 'full' && !study.startsWith('own/'),
  );
  return [...new Set(stored.map(({ study }) => study))].map((study) => {
    const jobs = stored
      .filter((entry) => entry.study === study)
      .map(({ method, task, seconds }) => ({ key: `${method} ${task}`, seconds }));
    const over = [2, 3, 8].map((workers) => {
      const { makespan, bound } = simulate(jobs, {
        workers,
        start: 3,
        compile: 2,
        each: 0,
        keep: 60,
        replace: 10,
        losses: 0,
        seed: 1,
      });
      return makespan / bound - 1;
    });
    return { study, runs: jobs.length, over };
  });
}

if (process.argv.includes('--check')) {
  if (!isPageCurrent()) {
    console.error('docs/scaling.md is not what results/scaling gives: node scripts/scaling.mjs --page');
    process.exitCode = 1;
  }
} else if (process.argv.includes('--page')) {
  writePage();
} else {
  const { commit, cpu, cores } = environment();
  const record = { machine: { commit, cpu, cores }, real: await beside(), imagined: imagined(), studies: studies() };
  writeWhole(file, `${JSON.stringify(record, null, 2)}\n`);
  const { scalingFigure } = load('views', 'scaling-figure.js');
  const { exportFigure } = load('plots', 'export.js');
  const { lines, runs } = record.imagined;
  const figure = scalingFigure(
    lines,
    `${runs.toLocaleString('en')} runs, by how many workers are lost in an hour each`,
  );
  await exportFigure(figure, join(root, 'results', 'scaling'), { formats: ['svg'] });
  writePage();
  process.exit(0);
}
