// A mixed batch of ten tasks from one bank against ten models already in memory, each with its own adapter:
//   node bench/bank.mjs [--rounds N] [--texts N] [--out FILE]
// Each side is a process of its own, so that memory is its own, and the two take turns; what is loaded is timed apart
// from what answers. Files are weighed, too.
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync, readdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { load, option, report } from './bank-work.mjs';
import { machine } from './host.mjs';

const count = 10;
/** The shipped bank's, and one at the small end of the paper's sizes, whose ten weigh little beside the model. */
const methods = ['houlsby:m=32', 'houlsby:m=8'];
const words = 'the film was a quiet story about two people who never met but wrote to each other for years'.split(' ');
const texts = Number(option('texts', 160));
const rounds = Number(option('rounds', 15));
const rows = Array.from({ length: texts }, (_, i) => ({
  task: `task-${i % count}`,
  text: Array.from({ length: 8 + (i % 9) }, (_, j) => words[(i * 7 + j * 3) % words.length]).join(' '),
}));
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const rss = () => process.memoryUsage().rss / 2 ** 20;

/** Ten adapters with heads of 2 to 6 labels, as they start: what is measured does not depend on their values. */
async function make(folder, method) {
  const { openModel } = load('model/open.js');
  const { createDelta } = load('petl/bank/delta.js');
  const { parseMethod } = load('petl/design/written.js');
  const { classificationTask } = load('tasks/classification.js');
  const { defaultTraining } = load('experiments/store/settings.js');
  const { keepTrained } = load('training/kept.js');
  const { newHead } = load('training/kinds/pooled.js');
  const { backbone } = await openModel('minilm-l6');
  const parsed = parseMethod(method);
  for (let i = 0; i < count; i++) {
    const labels = Array.from({ length: 2 + (i % 5) }, (_, label) => `label ${label}`);
    const delta = createDelta(parsed, backbone.shape, backbone.weights, i + 1);
    const task = classificationTask({ name: `task-${i}`, labels, load: () => Promise.reject(new Error('none')) });
    const head = newHead(backbone.shape.width, labels.length, i + 1);
    keepTrained(
      join(folder, `task-${i}`),
      { method: parsed, model: 'minilm-l6', task, training: defaultTraining, seed: 1, engine: 'compiled' },
      { method: parsed, shape: backbone.shape, model: await backbone.hash() },
      { variables: { ...delta.variables, ...head }, constants: delta.constants },
    );
  }
  return {
    model: statSync(join(load('model/registry.js').modelNamed('minilm-l6').path, 'model.safetensors')).size,
    tasks: bytesBelow(folder),
  };
}

function bytesBelow(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath ?? entry.path, entry.name)).size, 0);
}

async function oneBank(folder) {
  const { TaskBank } = load('training/task-bank.js');
  const bank = await TaskBank.load(folder);
  return () => bank.predict(rows);
}

async function tenModels(folder) {
  const { Adapter } = load('training/adapter.js');
  const adapters = new Map(rows.map(({ task }) => [task, new Adapter(join(folder, task))]));
  for (const adapter of adapters.values()) await adapter.predict(['a']); // loads the model
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

/** A side answers each message with what it was asked for. */
async function serve(side, folder) {
  const { compile } = load('engine/compile.js');
  const { upload } = load('engine/memory.js');
  const { tf } = load('engine/tf.js');
  const trial = compile((x) => ({ y: tf.matMul(x, x) }));
  trial(upload(new Float32Array(64), [8, 8])).y.dataSync(); // the library itself is no part of either side's memory
  const before = rss();
  const start = performance.now();
  const answer = side === 'bank' ? await oneBank(folder) : await tenModels(folder);
  const loadSeconds = (performance.now() - start) / 1000;
  const first = await answer();
  const held = { mb: rss() - before, tensorMb: tf.memory().numBytes / 2 ** 20 };
  process.on('message', async (message) => {
    if (message === 'end') return process.exit(0);
    const from = performance.now();
    await answer();
    process.send({ seconds: (performance.now() - from) / 1000, mb: rss() - before });
  });
  process.send({ loadSeconds, ...held, first });
}

function open(side, folder) {
  const args = ['--side', side, '--folder', folder, '--texts', String(texts)];
  const child = fork(fileURLToPath(import.meta.url), args);
  let waiting = { resolve: () => undefined, reject: () => undefined };
  child.on('message', (told) => waiting.resolve(told));
  child.on('exit', (code) => waiting.reject(new Error(`side ${side} ended with ${code}`)));
  const ask = (message) =>
    new Promise((resolve, reject) => {
      waiting = { resolve, reject };
      if (message !== undefined) child.send(message);
    });
  return { ask, end: () => child.send('end') };
}

async function compare(folder, method) {
  const bytes = await make(folder, method);
  const sides = {};
  const ready = {};
  for (const side of ['bank', 'models']) {
    sides[side] = open(side, folder); // one after another: each loads alone
    ready[side] = await sides[side].ask();
  }
  if (JSON.stringify(ready.bank.first) !== JSON.stringify(ready.models.first))
    throw new Error('the two sides answer differently');
  const times = { bank: [], models: [] };
  const mb = { bank: 0, models: 0 };
  for (let round = 0; round < rounds; round++) {
    for (const side of round % 2 === 0 ? ['bank', 'models'] : ['models', 'bank']) {
      const told = await sides[side].ask('round');
      times[side].push(told.seconds);
      mb[side] = Math.max(mb[side], told.mb);
    }
  }
  for (const { end } of Object.values(sides)) end();
  const told = (side) => ({
    loadSeconds: ready[side].loadSeconds,
    mb: mb[side],
    tensorMb: ready[side].tensorMb,
    perSecond: texts / median(times[side]),
    seconds: times[side],
  });
  return { method, bytes, bank: told('bank'), models: told('models') };
}

async function measured(method) {
  const folder = mkdtempSync(join(tmpdir(), 'petl-bench-bank-'));
  try {
    return await compare(folder, method);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const side = option('side');
if (side !== undefined) await serve(side, option('folder'));
else {
  const [first, smaller] = [await measured(methods[0]), await measured(methods[1])];
  report({ machine: machine(), tasks: count, texts, rounds, ...first, smaller });
}
