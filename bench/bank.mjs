// A mixed batch of ten tasks from one bank against ten models already in memory, each with its own adapter:
//   node bench/bank.mjs [--rounds N] [--texts N] [--out FILE]
// Each side runs in a process of its own, so that memory is its own; what is loaded is timed apart from what answers.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(fileURLToPath(import.meta.url), '..', '..');
const require = createRequire(import.meta.url);
const count = 10;
const words = 'the film was a quiet story about two people who never met but wrote to each other for years'.split(' ');

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
const texts = Number(option('texts', 160));
const rounds = Number(option('rounds', 7));
const rows = Array.from({ length: texts }, (_, i) => ({
  task: `task-${i % count}`,
  text: Array.from({ length: 8 + (i % 9) }, (_, j) => words[(i * 7 + j * 3) % words.length]).join(' '),
}));
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const rss = () => process.memoryUsage().rss / 2 ** 20;

/** Ten adapters with heads of 2 to 6 labels, as they start: what is measured does not depend on their values. */
async function make(folder) {
  const { openModel } = load('model/open.js');
  const { createDelta } = load('petl/bank/delta.js');
  const { parseMethod } = load('petl/design/written.js');
  const { classificationTask } = load('tasks/classification.js');
  const { defaultTraining } = load('experiments/store/settings.js');
  const { keepTrained } = load('training/kept.js');
  const { newHead } = load('training/kinds/classification.js');
  const { backbone } = await openModel('minilm-l6');
  const method = parseMethod('houlsby:m=32');
  for (let i = 0; i < count; i++) {
    const labels = Array.from({ length: 2 + (i % 5) }, (_, label) => `label ${label}`);
    const delta = createDelta(method, backbone.shape, backbone.weights, i + 1);
    const task = classificationTask({ name: `task-${i}`, labels, load: () => Promise.reject(new Error('none')) });
    const head = newHead(backbone.shape.width, labels.length, i + 1);
    keepTrained(
      join(folder, `task-${i}`),
      { method, model: 'minilm-l6', task, training: defaultTraining, seed: 1, engine: 'compiled' },
      { method, shape: backbone.shape, model: await backbone.hash() },
      { variables: { ...delta.variables, ...head }, constants: delta.constants },
    );
  }
}

async function measure(side, folder) {
  const before = rss();
  const start = performance.now();
  const answer = side === 'bank' ? await oneBank(folder) : await tenModels(folder);
  const loadSeconds = (performance.now() - start) / 1000;
  const loadedMb = rss() - before;
  const first = await answer();
  const times = [];
  for (let round = 0; round < rounds; round++) {
    const from = performance.now();
    await answer();
    times.push((performance.now() - from) / 1000);
  }
  return { side, loadSeconds, loadedMb, answeringMb: rss() - before, perSecond: texts / median(times), first };
}

async function oneBank(folder) {
  const { TaskBank } = load('training/task-bank.js');
  const bank = await TaskBank.load(folder);
  return () => bank.predict(rows);
}

async function tenModels(folder) {
  const { Adapter } = load('training/adapter.js');
  const adapters = new Map(rows.map(({ task }) => [task, undefined]));
  for (const task of adapters.keys()) {
    const adapter = new Adapter(join(folder, task));
    await adapter.predict(['a']); // loads the model
    adapters.set(task, adapter);
  }
  return async () => {
    const answers = new Array(rows.length);
    for (const [task, adapter] of adapters) {
      const places = rows.flatMap((row, i) => (row.task === task ? [i] : []));
      const found = await adapter.predict(places.map((i) => rows[i]));
      places.forEach((place, i) => (answers[place] = found[i]));
    }
    return answers;
  };
}

const side = option('side');
if (side !== undefined) {
  const found = await measure(side, option('folder'));
  process.stdout.write(`${JSON.stringify(found)}\n`);
} else {
  const folder = mkdtempSync(join(tmpdir(), 'petl-bench-bank-'));
  try {
    await make(folder);
    const both = ['bank', 'models'].map((name) => {
      const own = ['--side', name, '--folder', folder, '--texts', String(texts), '--rounds', String(rounds)];
      const { stdout, stderr, status } = spawnSync('node', [fileURLToPath(import.meta.url), ...own], {
        encoding: 'utf8',
        maxBuffer: 2 ** 26,
      });
      if (status !== 0) throw new Error(stderr);
      return JSON.parse(stdout.trim().split('\n').at(-1));
    });
    const [bank, models] = both;
    if (JSON.stringify(bank.first) !== JSON.stringify(models.first))
      throw new Error('the two sides answer differently');
    const figures = both.map(({ first: _, ...rest }) => rest);
    const summary = {
      tasks: count,
      texts,
      rounds,
      sides: figures,
      speed: bank.perSecond / models.perSecond,
      memory: bank.answeringMb / models.answeringMb,
    };
    const text = `${JSON.stringify(summary, null, 1)}\n`;
    if (option('out') !== undefined) writeFileSync(option('out'), text);
    process.stdout.write(text);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
