// What two workers are worth: whole runs by one worker of one thread, by two such side by side, and by one of two threads.
//   node bench/workers.mjs [--rounds N] [--kinds N] [--again]
// Workers are those of a study (`petl worker`); what they load and compile once is not counted. The three take turns,
// kind after kind of run; kinds that results/bench/workers.json holds from this commit's code are kept.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { machine, root, write } from './host.mjs';
import { geometricMean, median } from './statistics.mjs';

const { values: given } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    kinds: { type: 'string', default: '4' },
    again: { type: 'boolean', default: false },
    out: { type: 'string', default: join(root, 'results', 'bench', 'workers.json') },
  },
});

for (const kind of ['INTRAOP', 'INTEROP']) delete process.env[`TF_NUM_${kind}_THREADS`]; // each worker's own
const require = createRequire(import.meta.url);
process.env.PETL_BUILD = require('../bin/petl.cjs').build();
const load = (...path) => require(join(process.env.PETL_BUILD, ...path));
const { launchWorker } = load('experiments', 'runner', 'process.js');
const { runSpec } = load('experiments', 'store', 'spec.js');
const { codeFingerprint } = load('experiments', 'store', 'code.js');

/** Other work above this share of a core spoils a round. */
const foreignLimit = 0.12;
const translation = { decoded: 8, beams: 1, lengthPenalty: 1, minLength: 1, noRepeatNgram: 0, maxLength: 64 };
/** Steps, scoring and writing take about the shares that they have of a study's runs. */
const kinds = [
  {
    name: 'LoRA on MiniLM, 20 steps of 32 x 64',
    fields: { method: 'lora:r=16', training: { examples: 640, batch: 32, scored: { validation: 0, test: 192 } } },
  },
  {
    name: 'full fine-tuning of MiniLM, 40 steps of 32 x 64',
    fields: { method: 'full', training: { examples: 1280, batch: 32, scored: { validation: 0, test: 384 } } },
  },
  {
    name: 'parallel adapters on the encoder-decoder, 48 steps of 16 x 48',
    fields: {
      method: 'pa-ffn:r=57',
      model: 'petl-mini-seq2seq',
      task: 'english-romanian',
      training: { examples: 768, batch: 16, maxLength: 48, scored: { validation: 0, test: 128 }, target: translation },
    },
  },
  {
    name: 'LoRA on SmolLM2 in bfloat16, 10 steps of 16 x 96',
    fields: {
      method: 'lora:r=8',
      model: 'smollm2-135m',
      task: 'synopsis',
      training: {
        ...{ examples: 160, batch: 16, maxLength: 96, precision: 'bfloat16', scored: { validation: 0, test: 32 } },
        target: { ...translation, decoded: 2, maxLength: 32 },
      },
    },
  },
].slice(0, Number(given.kinds));

const results = mkdtempSync(join(os.tmpdir(), 'petl-bench-workers-'));

/** One run of the kind, the same each time and in a folder of its own: another seed's batches would be compiled anew. */
async function run(worker, { fields }) {
  const training = { ...fields.training, evaluations: 0 };
  const spec = runSpec({ study: 'bench', ...fields, training, seed: 1 });
  const answer = await worker.run(
    { plan: { spec, label: 'bench' }, engine: 'compiled', results: mkdtempSync(join(results, 'run-')) },
    () => undefined,
    () => undefined,
  );
  if (answer.kind !== 'done') throw new Error(answer.message ?? answer.reason ?? answer.kind);
}

/** Seconds of all processors since the start: busy with anything, and with these processes. */
function busy() {
  const [, user, nice, system, , , irq, soft] = /^cpu +(.*)$/m.exec(readFileSync('/proc/stat', 'utf8'))[0].split(/ +/);
  const all = [user, nice, system, irq, soft].reduce((sum, ticks) => sum + Number(ticks), 0) / 100;
  return { all, own: ownSeconds() };
}

/** Of this process and its children. */
function ownSeconds() {
  const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
  return [process.pid, ...children].reduce((sum, pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ');
    return sum + (Number(fields[11]) + Number(fields[12])) / 100;
  }, 0);
}

/** Runs side by side, one after another on each worker: seconds until all have ended, and what else was busy. */
async function timed(workers, kind, each) {
  const [start, before] = [performance.now(), busy()];
  await Promise.all(
    workers.map(async (worker) => {
      for (let i = 0; i < each; i += 1) await run(worker, kind);
    }),
  );
  const [seconds, after] = [(performance.now() - start) / 1000, busy()];
  const foreign = (after.all - before.all - (after.own - before.own)) / seconds;
  return { seconds: Number((seconds / each).toFixed(3)), foreign: Number(Math.max(0, foreign).toFixed(3)) };
}

async function measured(kind) {
  const [first, second, wide] = [1, 1, 2].map((threads) => launchWorker(threads));
  const workers = { one: [first], two: [first, second], wide: [wide] };
  try {
    for (const worker of [first, second, wide]) await run(worker, kind); // loads and compiles
    const rounds = [];
    for (
      let turn = 0;
      rounds.filter(isClean).length < Number(given.rounds) && turn < 2 * Number(given.rounds);
      turn++
    ) {
      const round = {};
      const order = Object.keys(workers);
      for (const name of turn % 2 ? order.reverse() : order) round[name] = await timed(workers[name], kind, 2);
      rounds.push(round);
      say(`  one ${round.one.seconds} s, two side by side ${round.two.seconds} s, two threads ${round.wide.seconds} s`);
    }
    return summaryOf(kind, rounds);
  } finally {
    for (const worker of [first, second, wide]) worker.stop();
  }
}

const isClean = (round) => Object.values(round).every(({ foreign }) => foreign <= foreignLimit);

function summaryOf({ name }, rounds) {
  const clean = rounds.filter(isClean);
  const used = clean.length > 0 ? clean : rounds;
  const of = (value) => {
    const values = used.map(value);
    return { value: median(values), low: Math.min(...values), high: Math.max(...values) };
  };
  return {
    name,
    clean: clean.length > 0,
    seconds: Object.fromEntries(['one', 'two', 'wide'].map((key) => [key, median(used.map((r) => r[key].seconds))])),
    /** Runs a second of two workers over those of one. */
    two: of(({ one, two }) => (2 * one.seconds) / two.seconds),
    /** Seconds of a run on two threads over those that two workers take for each run. */
    wide: of(({ two, wide }) => wide.seconds / (two.seconds / 2)),
    rounds,
  };
}

const say = (line) => console.log(line);

function kept() {
  if (given.again || !existsSync(given.out)) return [];
  const record = JSON.parse(readFileSync(given.out, 'utf8'));
  return record.code === codeFingerprint() ? record.kinds : [];
}

const found = kept();
try {
  for (const kind of kinds) {
    if (found.some(({ name, clean }) => name === kind.name && clean)) continue;
    say(kind.name);
    const one = await measured(kind);
    const at = found.findIndex(({ name }) => name === kind.name);
    found.splice(at < 0 ? found.length : at, at < 0 ? 0 : 1, one);
    const total = {
      two: geometricMean(found.map(({ two }) => two.value)),
      wide: geometricMean(found.map(({ wide }) => wide.value)),
    };
    write(
      given.out,
      `${JSON.stringify({ machine: machine(), code: codeFingerprint(), ...total, kinds: found }, null, 1)}\n`,
    );
    say(
      `  two workers are worth ${one.two.value.toFixed(2)}; a run on two threads takes ${one.wide.value.toFixed(2)} of their time`,
    );
  }
} finally {
  rmSync(results, { recursive: true, force: true });
}
process.exit(0);
