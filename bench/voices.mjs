// Five tasks written by one frozen decoder with five adapters, against five loads of it with an adapter each:
//   node bench/voices.mjs [--models petl-mini-lm,smollm2-135m] [--rounds N] [--texts N]
// Each side runs in a process of its own, so that memory is its own. How many texts all sides write alike is recorded: all,
// where nothing is wrong. The folders are weighed, too, beside a delta of full fine-tuning, of which five tasks need five.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { machine, root, write } from './host.mjs';

const require = createRequire(import.meta.url);
const words = 'a small tool that reads and writes the files of another program and tells what is in them'.split(' ');
const two = { names: ['source', 'target'], read: 'whole', most: 100 };
const turns = { names: ['first', 'other', 'answer'], read: 'turns', most: 100 };

/** Bottlenecks by width: the shares that 100, 300, 100, 300 and 10 are at 768 (Lin et al. 2020). */
const tasks = [
  ['dialogue', 100, turns],
  ['english-german', 300, two],
  ['package-summary', 100, two],
  ['story-questions', 300, turns],
  ['acts-to-text', 10, two],
];

/** The newest build of src; the first command makes one. */
function load(path) {
  execFileSync('node', [join(root, 'bin/petl.cjs'), 'models'], { stdio: 'ignore' });
  const builds = join(root, '.cache', 'build');
  const [newest] = readdirSync(builds)
    .map((name) => join(builds, name))
    .filter((folder) => statSync(folder).isDirectory())
    .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  return require(join(newest, path));
}

const option = (name, usual) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? usual : process.argv[at + 1];
};
const texts = Number(option('texts', 40));
const rounds = Number(option('rounds', 3));
const rows = Array.from({ length: texts }, (_, i) => ({
  task: tasks[i % tasks.length][0],
  text: Array.from({ length: 8 + (i % 9) }, (_unused, j) => words[(i * 7 + j * 3) % words.length]).join(' '),
}));
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const status = (key) =>
  Number(new RegExp(`${key}:\\s+(\\d+) kB`).exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? NaN) / 1024;
const seconds = () => performance.now() / 1000;
const sizeOf = (folder) =>
  readdirSync(folder, { recursive: true })
    .map((name) => statSync(join(folder, name)))
    .reduce((sum, stat) => sum + (stat.isFile() ? stat.size : 0), 0);

/** Adapters as they start, each alone in a folder and all in one; and a delta of full fine-tuning. */
async function make(folder, model) {
  const { openModel } = load('model/open.js');
  const { createDelta } = load('petl/bank/delta.js');
  const { parseMethod } = load('petl/design/written.js');
  const { generationTask } = load('tasks/generation.js');
  const { defaultTraining } = load('experiments/store/settings.js');
  const { keepTrained } = load('training/kept.js');
  const { backbone } = await openModel(model);
  const hash = await backbone.hash();
  const { width } = backbone.shape;
  const target = { maxLength: 24, decoded: 0, beams: 1, lengthPenalty: 1, minLength: 24, noRepeatNgram: 0 };
  const keep = (place, written, segments, seed) => {
    const method = parseMethod(written);
    const { variables, constants } = createDelta(method, backbone.shape, backbone.weights, seed);
    const task = generationTask({ name: 'bench', segments, load: () => Promise.reject(new Error('none')) });
    const training = { ...defaultTraining, target };
    const job = { method, model, task, training, seed, engine: 'compiled' };
    keepTrained(place, job, { method, shape: backbone.shape, model: hash }, { variables, constants });
  };
  mkdirSync(join(folder, 'all'), { recursive: true });
  tasks.forEach(([name, r, segments], i) => {
    const sized = `vlm:r=${Math.round((r * width) / 768)}+segments:n=${segments.names.length}`;
    keep(join(folder, 'all', name), sized, segments, i + 1);
    mkdirSync(join(folder, 'alone', name), { recursive: true });
    cpSync(join(folder, 'all', name), join(folder, 'alone', name, name), { recursive: true });
  });
  keep(join(folder, 'whole'), 'full', two, 1);
  return { adaptersBytes: sizeOf(join(folder, 'all')), wholeBytes: sizeOf(join(folder, 'whole')) };
}

async function measure(side, folder) {
  const before = status('VmRSS');
  const start = seconds();
  const answer = await sides[side](folder);
  const first = await answer();
  const firstSeconds = seconds() - start;
  const times = [];
  for (let round = 0; round < rounds; round++) {
    const from = seconds();
    await answer();
    times.push(seconds() - from);
  }
  return { side, firstSeconds, againSeconds: median(times), memoryMb: status('VmHWM') - before, first };
}

const only = (task) => rows.flatMap((row, i) => (row.task === task ? [i] : []));

async function inTurn(answers, task, voices) {
  const places = only(task);
  const found = await voices.write(places.map((place) => rows[place]));
  places.forEach((place, i) => (answers[place] = found[i]));
}

const sides = {
  bank: async (folder) => {
    const { Voices } = load('training/voices.js');
    const voices = new Voices(join(folder, 'all'));
    return () => voices.write(rows);
  },
  models: async (folder) => {
    const { Voices } = load('training/voices.js');
    const all = tasks.map(([name]) => [name, new Voices(join(folder, 'alone', name))]);
    return async () => {
      const answers = new Array(rows.length);
      for (const [name, voices] of all) await inTurn(answers, name, voices);
      return answers;
    };
  },
  loads: async (folder) => {
    const { Voices } = load('training/voices.js');
    return async () => {
      const answers = new Array(rows.length);
      for (const [name] of tasks) {
        const voices = new Voices(join(folder, 'alone', name));
        await inTurn(answers, name, voices);
        voices.dispose();
      }
      return answers;
    };
  },
};

function spawned(side, folder) {
  const own = ['--side', side, '--folder', folder, '--texts', String(texts), '--rounds', String(rounds)];
  const {
    stdout,
    stderr,
    status: code,
  } = spawnSync('node', [fileURLToPath(import.meta.url), ...own], { encoding: 'utf8', maxBuffer: 2 ** 26 });
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout.trim().split('\n').at(-1));
}

async function compared(model) {
  const folder = mkdtempSync(join(tmpdir(), 'petl-bench-voices-'));
  try {
    const made = spawnSync('node', [fileURLToPath(import.meta.url), '--make', model, '--folder', folder], {
      encoding: 'utf8',
    });
    if (made.status !== 0) throw new Error(made.stderr);
    const disk = JSON.parse(made.stdout.trim().split('\n').at(-1));
    const all = Object.keys(sides).map((side) => spawned(side, folder));
    const equal = rows.filter((_, i) => new Set(all.map(({ first }) => first[i])).size === 1).length;
    return { disk, equal, sides: all.map(({ first: _, ...figures }) => figures) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const print = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
if (option('make') !== undefined) print(await make(option('folder'), option('make')));
else if (option('side') !== undefined) print(await measure(option('side'), option('folder')));
else {
  const models = {};
  for (const model of option('models', 'petl-mini-lm,smollm2-135m').split(',')) models[model] = await compared(model);
  const record = { machine: machine(), tasks: tasks.length, texts, rounds, models };
  write(join(root, 'results', 'bench', 'voices.json'), `${JSON.stringify(record, null, 2)}\n`);
  print(record);
}
