// Kills what works here at random moments, and looks at what is left: nothing torn, lost, doubled or orphaned.
//   npm run kills -- --count 200 --seed 1 [--only study,fetch] [--out results/kills]
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const require = createRequire(import.meta.url);
const root = resolve(import.meta.dirname, '..');
const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '50' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    out: { type: 'string' },
  },
});
const whole = (name) => {
  if (!/^[1-9]\d*$/.test(values[name])) {
    console.error(`--${name} must be a whole number above 0, not "${values[name]}"`);
    process.exit(2);
  }
  return Number(values[name]);
};
const [count, seed] = [whole('count'), whole('seed')];
const lab = require('../bin/petl.cjs').build();
const { writeWhole } = require(join(lab, 'files.js'));
const random = require(join(lab, 'random.js')).randomFrom(seed);
const place = join(root, '.cache', `kills-${process.pid}`);
const petl = join(root, 'bin', 'petl.cjs');
const driver = join(root, 'scripts', 'kills', 'driver.cjs');
const fixtures = join(root, 'src', 'petl', 'formats', 'fixtures');
const tiny = join(root, 'src', 'model', 'fixtures', 'tiny-bert');
const adapter = join(fixtures, 'peft-bert-lora');
const at = (...parts) => join(place, ...parts);

/** Names of work that is not finished, the states that training goes on from among them. */
const unfinished = /(^|\/)\.(tmp|lock|fetch|checkpoint)-|\.lock(\.|$)/;

/** SHA-256 of each file below a folder by path, names of unfinished work left out; {} where there is none. */
function filesOf(folder, below = folder) {
  if (!existsSync(folder)) return {};
  return Object.assign(
    {},
    ...readdirSync(folder, { withFileTypes: true }).map((entry) => {
      const path = join(folder, entry.name);
      if (unfinished.test(entry.name)) return {};
      if (entry.isDirectory()) return filesOf(path, below);
      return { [relative(below, path)]: createHash('sha256').update(readFileSync(path)).digest('hex') };
    }),
  );
}

/** What unfinished work left below a folder. */
const leftovers = (folder) =>
  existsSync(folder) ? readdirSync(folder, { recursive: true }).filter((name) => unfinished.test(name)) : [];

const differing = (now, wanted) =>
  Object.keys(now)
    .filter((name) => now[name] !== wanted[name])
    .map((name) => `torn: ${name}`);
/** A folder that appears at once: not there, or as it should be. */
const allOrNothing = (now, wanted) =>
  Object.keys(now).length === 0 || Object.keys(now).length === Object.keys(wanted).length
    ? differing(now, wanted)
    : [`torn: ${Object.keys(now).length} of ${Object.keys(wanted).length} files`];
const checked = (kind) => () => {
  const { stdout, stderr } = spawnSync(process.execPath, [driver, `check-${kind}`, at(kind)], { encoding: 'utf8' });
  return stdout === '' ? [`the check failed: ${stderr.trim().split('\n').pop()}`] : JSON.parse(stdout);
};
const scores = (text) => JSON.stringify(JSON.parse(text.trim().split('\n').pop()).perExample);

function copyForSetup() {
  const copy = at('setup');
  mkdirSync(copy, { recursive: true });
  for (const name of [
    'bin',
    'scripts',
    'data/packages.json',
    'src/engine/native',
    'package.json',
    'package-lock.json',
    'requirements.txt',
  ])
    cpSync(join(root, name), join(copy, name), { recursive: true });
  // Links, so that nothing is copied twice: set-up replaces files by renames and never writes into one.
  for (const name of [
    'node_modules',
    '.venv',
    'data/cache',
    ...readdirSync(join(root, '.cache'))
      .filter((n) => /^(lib|tfjs)/.test(n))
      .map((n) => `.cache/${n}`),
  ]) {
    mkdirSync(join(copy, name, '..'), { recursive: true });
    const from = lstatSync(join(root, name)).isSymbolicLink() ? readlinkSync(join(root, name)) : join(root, name);
    spawnSync('cp', ['-al', from, join(copy, name)]);
  }
}

/** What is brought from a network or compiled is there; putting it in place is what is killed. */
function prepareSetup() {
  copyForSetup();
  spawnSync(process.execPath, [at('setup', 'scripts', 'setup.mjs')]);
}

const engine = () => at('setup', 'node_modules', '@tensorflow', 'tfjs-node', 'lib', 'napi-v8');

/**
 * Works by name: `args` of Node, `begin` before each, `faults` of what is left, `wanted` files of an undisturbed one, and
 * `share` of the kills.
 */
const works = {
  study: { share: 4, args: [driver, 'study', at('study')], faults: checked('study'), keeps: true, weigh: scores },
  setup: {
    share: 2,
    prepare: prepareSetup,
    args: [at('setup', 'scripts', 'setup.mjs')],
    begin: () => rmSync(engine(), { recursive: true, force: true }),
    faults: () => [],
    folder: () => engine(),
  },
  fetch: { share: 4, args: [driver, 'fetch', at('fetch')], faults: checked('fetch'), stamps: true },
  export: { share: 3, args: [driver, 'export', at('export')], faults: (now, wanted) => differing(now, wanted) },
  'adapter export': {
    share: 2,
    args: [
      petl,
      'adapter',
      'export',
      adapter,
      '--model',
      tiny,
      '--to',
      'adapters',
      '--out',
      at('adapter export', 'out'),
    ],
    faults: allOrNothing,
  },
  import: {
    share: 2,
    args: [petl, 'adapter', 'import', adapter, '--model', tiny, '--out', at('import', 'out')],
    faults: allOrNothing,
  },
  train: {
    share: 2,
    args: () => [petl, 'adapter', 'train', oneRun(), '--out', at('train', 'out')],
    faults: allOrNothing,
  },
  kernel: { share: 1, args: [driver, 'kernel', at('kernel')], faults: () => [] },
};

/** A run of the undisturbed study. */
function oneRun() {
  const folder = at('runs');
  return join(
    folder,
    readdirSync(folder, { recursive: true })
      .filter((name) => name.endsWith('.jsonl'))
      .sort()[0],
  );
}

/** Processes that bear the mark of a work. */
function marked(mark) {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(mark) && !/\) Z /.test(stat);
    } catch {
      return false;
    }
  });
}

const pause = (ms) => new Promise((next) => setTimeout(next, ms));

function start(work, mark) {
  const args = typeof work.args === 'function' ? work.args() : work.args;
  const env = { ...process.env, PETL_KILLS: mark, TMPDIR: at('tmp') };
  const child = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (data) => {
    said = (said + data).slice(-2000);
  });
  const ended = new Promise((done) => child.on('close', (code, signal) => done({ code, signal, said })));
  return { child, ended };
}

/** Runs a work to its end; a fault where it does not get there. */
async function finish(name, work) {
  const { ended } = start(work, `${place} finish`);
  const { code, said } = await ended;
  return code === 0 ? [] : [`lost: ${name} ends with ${code}: ${said.trim().split('\n').pop()}`];
}

const weighed = (work, folder) =>
  work.weigh === undefined
    ? filesOf(folder)
    : Object.fromEntries(
        Object.keys(filesOf(folder)).map((name) => [name, work.weigh(readFileSync(join(folder, name), 'utf8'))]),
      );
const comparable = (work, files) =>
  work.stamps ? Object.fromEntries(Object.entries(files).filter(([name]) => !name.endsWith('.files.json'))) : files;
const folderOf = (name, work) => work.folder?.() ?? at(name);
const signals = ['SIGKILL', 'SIGTERM', 'SIGINT'];

async function killed(name, work, number, { wanted, limit }) {
  const folder = folderOf(name, work);
  work.begin?.();
  const before = filesOf(folder);
  const signal = signals[Math.floor(random() * signals.length)];
  const mark = `${place} ${name} ${number}`;
  const { child, ended } = start(work, mark);
  await Promise.race([pause(random() * limit), ended]);
  child.kill(signal);
  const { code, signal: by, said } = await ended;
  const faults = [];
  if (code === 1) faults.push(`torn: it ended with code 1: ${said.trim().split('\n').pop()}`);
  for (let tries = 0; tries < 300 && marked(mark).length > 0; tries++) await pause(100); // a loaded machine takes its time
  const orphans = marked(mark);
  for (const pid of orphans) process.kill(Number(pid), 'SIGKILL');
  if (orphans.length > 0) faults.push(`orphaned: ${orphans.length} processes`);
  const now = comparable(work, filesOf(folder));
  faults.push(...work.faults(now, comparable(work, wanted)));
  if (work.keeps) for (const file of Object.keys(before)) if (now[file] !== before[file]) faults.push(`lost: ${file}`);
  return { faults, hit: by !== null || code !== 0 };
}

async function row(name, work, kills) {
  const found = { work: name, kills, hit: 0, faults: [] };
  rmSync(at(name), { recursive: true, force: true });
  work.prepare?.();
  work.begin?.();
  const began = performance.now();
  found.faults.push(...(await finish(name, work)));
  const limit = performance.now() - began;
  const folder = folderOf(name, work);
  const wanted = filesOf(folder);
  const weights = comparable(work, weighed(work, folder));
  if (name === 'study') cpSync(folder, at('runs'), { recursive: true });
  if (!work.folder) rmSync(folder, { recursive: true, force: true });
  for (let i = 0; i < kills; i++) {
    const one = await killed(name, work, i, { wanted, limit });
    found.hit += Number(one.hit);
    found.faults.push(...one.faults.map((fault) => `kill ${i + 1}: ${fault}`));
    const complete = Object.keys(filesOf(folder)).length === Object.keys(wanted).length;
    if (complete && !work.folder) rmSync(folder, { recursive: true, force: true });
  }
  work.begin?.();
  found.faults.push(...(await finish(name, work)));
  if (JSON.stringify(comparable(work, weighed(work, folder))) !== JSON.stringify(weights))
    found.faults.push('doubled or lost: the finished work is not what an undisturbed one gives');
  const left = work.folder ? [] : leftovers(folder);
  if (left.length > 0) found.faults.push(`left behind: ${left.slice(0, 3).join(', ')}`);
  console.log(
    `${found.faults.length === 0 ? 'ok  ' : 'FAIL'} ${name}: ${kills} kills, ${found.hit} before its end, ${found.faults.length} faults`,
  );
  for (const fault of found.faults) console.log(`     ${fault}`);
  return found;
}

const only = values.only?.split(',') ?? Object.keys(works);
const unknown = only.find((name) => !(name in works));
if (unknown !== undefined) {
  console.error(`unknown work "${unknown}": choose from ${Object.keys(works).join(', ')}`);
  process.exit(2);
}
// Training an adapter again takes a run of the study.
const chosen = Object.keys(works).filter((name) => only.includes(name) || (name === 'study' && only.includes('train')));
const shares = chosen.reduce((sum, name) => sum + works[name].share, 0);
mkdirSync(at('tmp'), { recursive: true });
const rows = [];
try {
  let [given, passed] = [0, 0];
  for (const name of chosen) {
    passed += works[name].share;
    const kills = Math.round((count * passed) / shares) - given;
    given += kills;
    rows.push(await row(name, works[name], kills));
  }
} finally {
  rmSync(place, { recursive: true, force: true });
}
const faults = rows.reduce((sum, { faults: { length } }) => sum + length, 0);
console.log(
  `${rows.reduce((sum, { kills }) => sum + kills, 0)} kills, ${rows.reduce((sum, { hit }) => sum + hit, 0)} before the end of the work, ${faults} faults`,
);
if (values.out !== undefined) {
  const record = { count, seed, node: process.version, cpu: os.cpus()[0]?.model.trim(), cores: os.cpus().length, rows };
  console.log(writeWhole(join(resolve(values.out), 'summary.json'), `${JSON.stringify(record, null, 1)}\n`));
}
process.exitCode = faults > 0 ? 1 : 0;
