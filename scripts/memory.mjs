// Fits what terms of a run's memory weigh to measured runs: writes data/memory.json, results/scaling/memory.json and
// docs/scaling.md.
//   node scripts/memory.mjs [--only N]   measures runs of the list that are not measured yet, each in a process of its own
//   node scripts/memory.mjs --fit        fits to what is measured
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writePage } from './scaling/page.mjs';

const root = resolve(fileURLToPath(import.meta.url), '..', '..');
const require = createRequire(import.meta.url);
for (const kind of ['INTRAOP', 'INTEROP']) delete process.env[`TF_NUM_${kind}_THREADS`];
process.env.PETL_BUILD = require('../bin/petl.cjs').build();
const load = (...path) => require(join(process.env.PETL_BUILD, ...path));
const { launchWorker } = load('experiments', 'runner', 'process.js');
const { foreseePeaks, lookElsewhere, peakBy } = load('experiments', 'foresight', 'foresee.js');
const { together } = load('experiments', 'runner', 'memory.js');
const { listRuns } = load('experiments', 'store', 'index-cache.js');
const { recordAt } = load('experiments', 'store', 'read.js');
const { termNames } = load('experiments', 'foresight', 'names.js');
const { termsOf } = load('experiments', 'foresight', 'terms.js');
const { runSpec } = load('experiments', 'store', 'spec.js');
const { shapeNamed } = load('experiments', 'store', 'counts.js');
const { parseMethod } = load('petl', 'design', 'written.js');
const { writeWhole } = load('files.js');
const { defaultTraining } = load('experiments', 'store', 'settings.js');

const file = join(root, 'results', 'scaling', 'memory.json');
const weightsFile = join(root, 'data', 'memory.json');

const target = { decoded: 16, beams: 1, lengthPenalty: 1, minLength: 1, noRepeatNgram: 0 };
const writes64 = { ...target, decoded: 64, maxLength: 96 };
const sentiment = { examples: 320, scored: { validation: 64, test: 256 } };
const pairs = { examples: 160, batch: 16, scored: { validation: 64, test: 64 } };
const translation = {
  model: 'petl-mini-seq2seq',
  task: 'english-romanian',
  training: { ...pairs, maxLength: 48, target: { ...target, maxLength: 64 } },
};
const synopsis = { task: 'synopsis', training: { ...pairs, maxLength: 96, target: { ...target, maxLength: 32 } } };
const smol = (more) => ({
  model: 'smollm2-135m',
  task: 'synopsis',
  training: {
    ...{ examples: 16, batch: 8, maxLength: 96, evaluations: 0, scored: { validation: 0, test: 8 } },
    target: { ...target, decoded: 2, maxLength: 32 },
    ...more,
  },
});

/** Short runs of many kinds, and one of 80 steps: how many there are makes little difference. */
const runs = [
  { method: 'head', training: sentiment },
  { method: 'lora:r=16', training: sentiment },
  { method: 'full', training: sentiment },
  { method: 'lora:r=16', training: { ...sentiment, batch: 8 } },
  { method: 'lora:r=16', training: { ...sentiment, batch: 64 } },
  { method: 'lora:r=16', training: { ...sentiment, precision: 'bfloat16' } },
  { method: 'full', training: { ...sentiment, precision: 'bfloat16' } },
  { method: 'full', ...translation },
  { method: 'pa-ffn:r=57', ...translation },
  { method: 'full', model: 'petl-mini-lm', ...synopsis },
  { method: 'lora:r=8', model: 'petl-mini-lm', ...synopsis },
  { method: 'lora:r=8', ...smol({}) },
  { method: 'lora:r=8', ...smol({ precision: 'bfloat16' }) },
  { method: 'prefix:l=32', training: sentiment },
  {
    method: 'full',
    task: 'lexical-field',
    training: {
      examples: 2560,
      maxLength: 40,
      learningRate: 3e-5,
      evaluations: 2,
      scored: { validation: 300, test: 2000 },
    },
  },
  { method: 'bitfit', training: { ...sentiment, maxLength: 128 } },
  { method: 'houlsby:m=16', task: 'verse-paraphrase', training: sentiment },
  { method: 'prefix:l=57,mlp=200', model: 'petl-mini-seq2seq', ...synopsis },
  { method: 'mam:l=16,r=16,s=2', training: { ...sentiment, batch: 16 } },
  { method: 'prompt:l=20', training: sentiment },
  { method: 'full', model: 'petl-mini-seq2seq', ...synopsis, training: { ...synopsis.training, batch: 32 } },
  { method: 'lora:r=8', model: 'petl-mini-lm', ...synopsis, training: { ...synopsis.training, batch: 32 } },
  { method: 'full', ...smol({ batch: 4, precision: 'bfloat16' }) },
  ...['english-german', 'dialogue', 'acts-to-text', 'package-summary'].map((task) => ({
    method: 'lora:r=8',
    model: 'petl-mini-lm',
    task,
    training: { ...pairs, maxLength: 48, scored: { validation: 64, test: 128 }, target: writes64 },
  })),
  { method: 'lora:r=8', ...translation, training: { ...translation.training, target: writes64 } },
];

const wordsOf = ({ method, model, task, training }) =>
  `${method} on ${model}, ${task}, batches of ${training.batch} x ${training.maxLength}${training.precision === 'bfloat16' ? ', bfloat16' : ''}`;
const specOf = (fields) => {
  const { method, model, task, training } = runSpec({
    study: 'memory',
    ...fields,
    training: { evaluations: 1, ...fields.training },
  });
  return { method, model, task, training };
};
const stored = () => (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { runs: [] });

async function measured(spec) {
  const results = mkdtempSync(join(os.tmpdir(), 'petl-memory-'));
  const worker = launchWorker(1);
  try {
    const plan = { spec: { study: 'memory', seed: 1, tier: 'quick', ...spec }, label: 'memory' };
    const answer = await worker.run(
      { plan, engine: 'compiled', results },
      () => undefined,
      () => undefined,
    );
    if (answer.kind !== 'done') throw new Error(answer.message ?? answer.reason);
    return answer.peakMb;
  } finally {
    worker.stop();
    rmSync(results, { recursive: true, force: true });
  }
}

/** Runs of the benchmark of a decoder: batches of exactly so many tokens, a quarter of them targets. */
function benchmarked() {
  const { cells } = JSON.parse(readFileSync(join(root, 'results', 'bench', 'decoder.json'), 'utf8'));
  return Object.entries(cells).flatMap(([name, { ours }]) => {
    const [, family, rows, length, precision] = /^(lora|full) (\d+)x(\d+) (f32|bf16)$/.exec(name) ?? [];
    if (family === undefined) return [];
    const [batch, tokens] = [Number(rows), Number(length)];
    const extent = {
      ...{ read: batch * tokens, written: (batch * tokens) / 4, rows: batch, shapes: 1 },
      ...{ readPairs: batch * tokens ** 2, writtenPairs: 0, crossPairs: 0 },
    };
    const training = {
      ...defaultTraining,
      precision: precision === 'bf16' ? 'bfloat16' : 'float32',
      target: { ...target, maxLength: tokens / 4 },
    };
    const method = family === 'lora' ? 'lora:r=8' : 'full';
    const known = {
      method: parseMethod(method),
      shape: shapeNamed('smollm2-135m'),
      training,
      reader: null,
      outputs: 0,
      extent,
    };
    const text = `${method} on smollm2-135m, batches of ${batch} x ${tokens}, ${training.precision}`;
    return [
      {
        name: text,
        source: 'results/bench/decoder.json',
        peakMb: ours.peakMb,
        terms: termsOf({ ...known, dataMb: 0 }),
      },
    ];
  });
}

/**
 * Weights of at least zero with the least sum of squared relative errors, by coordinate descent. What is held is counted
 * exactly.
 */
function fitted(rows) {
  const x = rows.map(({ terms, peakMb }) => termNames.map((name) => terms[name] / peakMb));
  const weights = termNames.map((name) => (name === 'held' ? 1 : 0));
  const residuals = x.map((row) => 1 - row[termNames.indexOf('held')]);
  for (let round = 0; round < 20_000; round += 1)
    for (let k = 0; k < weights.length; k += 1) {
      const square = x.reduce((sum, row) => sum + row[k] ** 2, 0);
      if (square === 0 || termNames[k] === 'held') continue;
      const step = Math.max(-weights[k], x.reduce((sum, row, i) => sum + row[k] * residuals[i], 0) / square);
      weights[k] += step;
      x.forEach((row, i) => (residuals[i] -= step * row[k]));
    }
  return { weights: Object.fromEntries(termNames.map((name, k) => [name, Number(weights[k].toPrecision(6))])) };
}

/** Each run foreseen by weights that were fitted to all the others. */
function fit(rows) {
  const { weights } = fitted(rows);
  const held = rows.map((row) => {
    const others = fitted(rows.filter((other) => other !== row));
    const unseen = peakBy(others.weights, row.terms);
    return { ...row, foreseenMb: Math.round(unseen), off: Number((unseen / row.peakMb - 1).toFixed(4)) };
  });
  return { weights, rows: held };
}

/** A process for each task tells the terms of its runs. */
function withTerms(rows) {
  const tasks = [...new Set(rows.map(({ spec }) => spec.task))];
  return tasks.flatMap((task) => {
    const own = rows.filter(({ spec }) => spec.task === task);
    const terms = lookElsewhere(own.map(({ spec }) => ({ study: 'memory', seed: 1, tier: 'quick', ...spec })));
    if (terms === undefined) throw new Error(`the runs of ${task} cannot be looked at`);
    return own.map((row, i) => ({ ...row, terms: terms[i] }));
  });
}

async function main() {
  const only = process.argv.includes('--only') ? Number(process.argv[process.argv.indexOf('--only') + 1]) : Infinity;
  const known = new Map(
    stored()
      .runs.filter(({ spec }) => spec)
      .map((row) => [row.name, row]),
  );
  let made = 0;
  for (const spec of runs.map(specOf)) {
    const name = wordsOf(spec);
    if (process.argv.includes('--fit') || made >= only) break;
    if (known.get(name) !== undefined) continue;
    const peakMb = await measured(spec);
    made += 1;
    known.set(name, { name, source: 'scripts/memory.mjs', spec, peakMb });
    console.log(`${name}: ${peakMb} MB`);
    save([...known.values()]);
  }
  const rows = withTerms([...known.values()]);
  const found = fit([...rows, ...benchmarked()]);
  writeWhole(weightsFile, `${JSON.stringify({ weights: found.weights }, null, 2)}\n`);
  save(found.rows, studies());
  for (const { name, peakMb, foreseenMb, off } of found.rows)
    console.log(
      `${(100 * off).toFixed(1).padStart(6)}%  ${String(Math.round(peakMb)).padStart(5)} ${String(foreseenMb).padStart(5)}  ${name}`,
    );
  console.log(JSON.stringify(found.weights));
}

/** Runs from before then were made on kernels without the update in place. */
const since = '2026-11-27T01:00';

/** What the workers of committed studies took in the end, one after another, beside what is foreseen. */
function studies() {
  const stored = listRuns(join(root, 'results')).filter(({ tier, started }) => tier === 'full' && started > since);
  const names = [...new Set(stored.map(({ study }) => study))].filter((name) => !/-tuning$|^own/.test(name));
  return names.flatMap((study) => {
    const runs = stored.filter((entry) => entry.study === study && entry.peakMb !== null);
    const specs = runs.map(({ path }) => recordAt(join(root, 'results', path)).run.spec);
    const peakOf = foreseePeaks(specs);
    const sized = specs.map((spec) => ({ name: spec.method, peakMb: peakOf(spec) }));
    if (sized.some(({ peakMb }) => peakMb === null)) return [];
    const peakMb = Math.max(...runs.map((run) => run.peakMb));
    const foreseenMb = Math.round(together(sized, 1));
    return [{ study, runs: runs.length, peakMb, foreseenMb, off: Number((foreseenMb / peakMb - 1).toFixed(4)) }];
  });
}

function save(rows, made = stored().studies ?? []) {
  writeWhole(
    file,
    `${JSON.stringify({ machine: { cpu: os.cpus()[0]?.model.trim(), node: process.version }, runs: rows, studies: made }, null, 1)}\n`,
  );
}

await main();
writePage();
process.exit(0);
