// How long `petl runs` takes over many stored runs: with no index, with one, and after one run more.
//   node bench/listing.mjs [--runs 10000] [--rounds 5]
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { machine, root, write } from './host.mjs';
import { median } from './statistics.mjs';

const { values: given } = parseArgs({
  options: {
    runs: { type: 'string', default: '10000' },
    rounds: { type: 'string', default: '5' },
    out: { type: 'string', default: join(root, 'results', 'bench', 'listing.json') },
  },
});
const [count, rounds] = [Number(given.runs), Number(given.rounds)];

const require = createRequire(import.meta.url);
process.env.PETL_BUILD = require('../bin/petl.cjs').build();
const load = (...path) => require(join(process.env.PETL_BUILD, ...path));
const { listRuns } = load('experiments', 'store', 'index-cache.js');
const { readRun } = load('experiments', 'store', 'read.js');
const { hash8, runId, runPath } = load('experiments', 'store', 'spec.js');
const { sealed } = load('seal.js');

const folder = mkdtempSync(join(os.tmpdir(), 'petl-bench-listing-'));
const index = join(root, '.cache', 'runs', `${hash8(folder)}.json`);

/** The committed runs over and over, each time with other seeds, as files of their own. */
function fill() {
  const stored = listRuns(join(root, 'results')).filter(({ tier }) => tier === 'full');
  const records = stored.flatMap(({ path }) => {
    const read = readRun(join(root, 'results', path));
    return read.kind === 'finished' ? [read.record] : [];
  });
  for (let i = 0; i < count; i += 1) put(records[i % records.length], 1000 + i);
}

let bytes = 0;

function put({ run, train, evaluations, final }, seed) {
  const spec = { ...run.spec, seed };
  const lines = [{ ...run, spec, id: runId(spec) }, ...train, ...evaluations, final];
  const text = sealed(`${lines.map((line) => JSON.stringify(line)).join('\n')}\n`);
  const path = runPath(spec, folder);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  bytes += text.length;
}

/** Seconds of the whole command, and how many runs it printed. */
function list(...args) {
  const start = performance.now();
  const { stdout, status, stderr } = spawnSync(
    process.execPath,
    [join(root, 'bin', 'petl.cjs'), 'runs', folder, ...args],
    { encoding: 'utf8', maxBuffer: 2 ** 30 },
  );
  const seconds = (performance.now() - start) / 1000;
  if (status !== 0) throw new Error(stderr);
  return { seconds, stdout };
}

function checked({ seconds, stdout }, wanted) {
  const [last] = stdout.trim().split('\n').slice(-1);
  if (last !== `${wanted} runs`) throw new Error(`the list ends with "${last}", not with ${wanted} runs`);
  return seconds;
}

try {
  fill();
  execFileSync(process.execPath, [join(root, 'bin', 'petl.cjs'), 'methods'], { stdio: 'ignore' }); // the build is there
  rmSync(index, { force: true });
  const cold = checked(list(), count);
  const times = (args, wanted) => Array.from({ length: rounds }, () => checked(list(...args), wanted));
  const warm = times([], count);
  const sorted = times(['--sort', 'score'], count);
  const one = listRuns(folder).filter(({ method }) => method === 'head').length;
  const filtered = times(['--where', 'method=head'], one);
  const [first] = listRuns(folder);
  put(readRun(join(folder, first.path)).record, 1000 + count);
  const more = checked(list(), count + 1);
  const summary = {
    ...{ machine: machine(), runs: count, megabytes: Math.round(bytes / 2 ** 20), rounds },
    seconds: { cold, warm: median(warm), sorted: median(sorted), filtered: median(filtered), more },
    warm,
  };
  write(given.out, `${JSON.stringify(summary, null, 1)}\n`);
  console.log(JSON.stringify(summary.seconds));
} finally {
  rmSync(folder, { recursive: true, force: true });
  rmSync(index, { force: true });
}
