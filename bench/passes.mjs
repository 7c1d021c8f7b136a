// What a written prompt and a second pass cost beside a plain prompt, in training and in answers: README.md says how.
//   node bench/passes.mjs [--models petl-mini-lm,smollm2-135m] [--rounds N] [--out FILE]
// Other models that FILE holds are kept.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { load, option, report } from './bank-work.mjs';
import { examplesOf, snippets } from './decoder.mjs';
import { machine, root } from './host.mjs';
import { Side } from './side.mjs';
import { median } from './statistics.mjs';

const methods = {
  prompt: 'prompt:l=20',
  own: 'id-prompt:l=20',
  other: 'id-prompt:l=20,encoder=model,name=minilm-l6,e=384',
  twice: 'prompt:l=20+twice:r=64',
};
const rounds = Number(option('rounds', 5));
/** A batch of training and of questions, tokens of a text, and tokens that are written behind each. */
const [batch, tokens, written] = [8, 64, 32];
const target = { maxLength: written, decoded: 0, beams: 1, lengthPenalty: 1, minLength: written, noRepeatNgram: 0 };

/** Milliseconds of each of `count` training steps, after those that compile. */
async function stepsOf(model, method) {
  const [warm, count] = [4, 3 * rounds];
  const scratch = mkdtempSync(join(os.tmpdir(), 'petl-passes-'));
  const side = new Side('ours', 'node', ['bin/petl.cjs', 'bench-train'], { cwd: root });
  try {
    await side.ask({
      setup: {
        ...{ model, method, precision: 'f32', batch, source: tokens - tokens / 4, target: tokens / 4 + 1 },
        ...{ learningRate: 1e-3, clipNorm: 1, epochs: 1 },
        examples: examplesOf(batch * (warm + count + 2), tokens),
        checkpoint: join(scratch, 'run.checkpoint'),
        start: join(scratch, 'start.safetensors'),
      },
    });
    await side.ask({ step: warm });
    return (await side.ask({ step: count })).ms;
  } finally {
    await side.quit();
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** An adapter as it starts, kept: what is measured does not depend on its values. */
async function keep(folder, model, form) {
  const { openModel } = load('model/open.js');
  const { createDelta } = load('petl/bank/delta.js');
  const { parseMethod } = load('petl/design/written.js');
  const { generationTask } = load('tasks/generation.js');
  const { defaultTraining } = load('experiments/store/settings.js');
  const { keepTrained } = load('training/kept.js');
  const [{ backbone }, method] = [await openModel(model), parseMethod(form)];
  const task = generationTask({ name: 'bench', load: () => Promise.reject(new Error('none')) });
  const job = { method, model, task, training: { ...defaultTraining, target }, seed: 1, engine: 'compiled' };
  const name = /name=([\w-]+)/.exec(form)?.[1];
  const encoder = name && { name, hash: await (await openModel(name)).backbone.hash() };
  const made = { method, shape: backbone.shape, model: await backbone.hash(), ...(encoder && { encoder }) };
  keepTrained(folder, job, made, createDelta(method, backbone.shape, backbone.weights, 1));
}

/** Milliseconds of answering a batch, in a process of its own: reading it and writing as many tokens behind each. */
async function answers(model, method) {
  const folder = mkdtempSync(join(os.tmpdir(), 'petl-passes-'));
  try {
    await keep(join(folder, 'own'), model, method);
    const { Adapter } = load('training/adapter.js');
    const adapter = new Adapter(join(folder, 'own'));
    const texts = examplesOf(batch, tokens - tokens / 4).map(({ text }) => text);
    const times = [];
    for (let round = 0; round <= 2 * rounds; round++) {
      const from = performance.now();
      await adapter.predict(texts);
      times.push(performance.now() - from);
    }
    process.stdout.write(`${JSON.stringify(times.slice(1))}\n`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function answered(model, method) {
  const own = [fileURLToPath(import.meta.url), '--answers', method, '--model', model, '--rounds', String(rounds)];
  const { stdout, stderr, status } = spawnSync('node', own, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout.trim().split('\n').at(-1));
}

async function measured(model) {
  const found = {};
  for (const [name, method] of Object.entries(methods)) {
    const [steps, answer] = [await stepsOf(model, method), answered(model, method)];
    found[name] = { method, stepMs: median(steps), answerMs: median(answer), steps, answers: answer };
    process.stderr.write(`${model} ${method}: ${median(steps).toFixed(0)} and ${median(answer).toFixed(0)} ms\n`);
  }
  return { model, ...found };
}

const asked = option('answers');
if (asked !== undefined) await answers(option('model'), asked);
else {
  if (!existsSync(snippets)) throw new Error(`${snippets} is missing: run npx petl fetch vaderSentiment`);
  const wanted = option('models', 'petl-mini-lm,smollm2-135m').split(',');
  const out = option('out');
  const known = out !== undefined && existsSync(out) ? JSON.parse(readFileSync(out, 'utf8')).models : [];
  const models = known.filter(({ model }) => !wanted.includes(model));
  for (const model of wanted) models.push({ rounds, ...(await measured(model)) });
  report({ machine: machine(), batch, tokens, written, models });
}
