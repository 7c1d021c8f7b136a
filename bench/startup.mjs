// Start-up times: the launcher without TensorFlow, the first training step of a warm project, and the index of verses opened
// from disk where it is built (npx petl index verses). Writes results/bench/startup.json.
import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const root = resolve(import.meta.dirname, '..');
const launcher = join(root, 'bin/petl.cjs');
const times = 7;

function commandSeconds(args) {
  const start = performance.now();
  const { status, stderr } = spawnSync(process.execPath, [launcher, ...args], { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`petl ${args.join(' ')} ended with ${status}: ${stderr.trim()}`);
  return (performance.now() - start) / 1000;
}

/** From the start of `petl study existing-methods` to its first training step's line in a result file. */
async function firstStepSeconds() {
  const results = mkdtempSync(join(os.tmpdir(), 'petl-startup-'));
  const start = performance.now();
  const child = spawn(process.execPath, [launcher, 'study', 'existing-methods'], {
    cwd: root,
    env: { ...process.env, PETL_RESULTS: results },
    stdio: 'ignore',
  });
  const ended = new Promise((done) => child.once('exit', done));
  try {
    while (!hasStep(join(results, 'quick/existing-methods'))) {
      if (child.exitCode !== null) throw new Error('petl study ended before its first step: run `npx petl doctor`');
      await sleep(10);
    }
    return (performance.now() - start) / 1000;
  } finally {
    child.kill('SIGTERM');
    await ended;
    rmSync(results, { recursive: true, force: true });
  }
}

/** What opening the index takes in a process that has just begun: seconds; undefined where it is not built. */
function indexSeconds() {
  const script = `
    const { join } = require('node:path');
    const { openIndex } = require(join(require(${JSON.stringify(launcher)}).build(), 'retrieval', 'store.js'));
    const start = performance.now();
    try { openIndex('verses'); console.log((performance.now() - start) / 1000); } catch (error) { console.log(error.message); }`;
  const { stdout, status, stderr } = spawnSync(process.execPath, ['-e', script], { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  const found = Number(stdout.trim().split('\n').at(-1));
  return Number.isNaN(found) ? undefined : found;
}

function hasStep(folder) {
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.includes('.jsonl')) : [];
  return files.some((name) => readFileSync(join(folder, name), 'utf8').includes('"kind":"train"'));
}

/** One uncounted run first: it transpiles sources and warms the file cache. */
async function series(measure) {
  await measure();
  const found = [];
  for (let i = 0; i < times; i++) found.push(await measure());
  found.sort((a, b) => a - b);
  const round = (x) => Math.round(1000 * x) / 1000;
  return { median: round(found[times >> 1]), least: round(found[0]), most: round(found.at(-1)) };
}

const seconds = {
  help: await series(() => commandSeconds(['--help'])),
  count: await series(() => commandSeconds(['count', '--model', 'bart-large', '--method', 'mam:l=30,r=512', '--json'])),
  firstStep: await series(firstStepSeconds),
  ...(indexSeconds() === undefined ? {} : { index: await series(indexSeconds) }),
};
const found = {
  what: 'seconds of wall time, median and range of 7 runs',
  seconds,
  machine: { cpu: os.cpus()[0]?.model.trim(), cores: os.cpus().length, node: process.version },
};
const path = join(root, 'results/bench/startup.json');
mkdirSync(join(root, 'results/bench'), { recursive: true });
writeFileSync(`${path}.tmp`, `${JSON.stringify(found, null, 1)}\n`);
renameSync(`${path}.tmp`, path);
console.log(JSON.stringify(seconds, null, 1));
