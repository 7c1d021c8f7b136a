// Measures this project's training step as it stands against an earlier commit of it: the same inputs, rounds in turn.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { machine, root, threads, write } from './host.mjs';
import { textStream, writeInputs } from './inputs.mjs';
import { Side } from './side.mjs';
import { ratio, summarise } from './statistics.mjs';

const shared = { batch: 32, batches: 4, classes: 3, learningRate: 1e-4 };
const warmup = 3;
/** Slower by more than this, wholly, is slower: two processes of one commit differ by as much. */
const slack = 0.97;

/** Writes results/bench/before.json; the exit code is 1 where a cell is slower. */
export async function compareWithBefore(commit, { cells, rounds, steps, model, snippets, out, say }) {
  const git = (...args) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
  const before = git('rev-parse', '--short', commit);
  const scratch = mkdtempSync(join(os.tmpdir(), 'petl-before-'));
  const old = join(scratch, 'old');
  git('worktree', 'add', '--quiet', '--detach', old, before);
  symlinkSync(join(root, 'node_modules'), join(old, 'node_modules'));
  try {
    const stream = textStream(model, snippets);
    const found = [];
    for (const cell of cells) {
      const file = join(scratch, 'inputs.safetensors');
      writeInputs(file, stream, { ...shared, ...cell });
      const setup = { ...shared, method: cell.method, model, tokens: cell.tokens, pooling: cell.head, work: 'shipped' };
      found.push({
        ...cell,
        ...(await inTurn({ ...setup, precision: cell.precision, file, threads }, { old, rounds, steps })),
      });
      say(lineOf(found.at(-1)));
    }
    mkdirSync(out, { recursive: true });
    const record = { machine: machine(), before, date: new Date().toISOString(), slack, cells: found };
    write(join(out, 'before.json'), JSON.stringify(record, null, 1) + '\n');
    if (found.some(({ slower }) => slower)) process.exitCode = 1;
  } finally {
    git('worktree', 'remove', '--force', old);
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function inTurn(setup, { old, rounds, steps }) {
  const sides = Object.entries({ before: old, now: root }).map(([name, cwd]) => ({
    name,
    side: new Side(name, 'node', ['bin/petl.cjs', 'bench-step'], { cwd }),
    rounds: [],
    losses: [],
  }));
  const turn = async (one, count, kept) => {
    const { ms, foreignCpu, losses, peakMb } = await one.side.ask({ step: count });
    one.losses.push(...losses);
    one.peakMb = peakMb;
    if (kept) one.rounds.push({ ms, foreignCpu });
  };
  try {
    for (const one of sides) {
      await one.side.ask({ setup });
      await turn(one, warmup, false);
    }
    for (let round = 0; round < rounds; round++)
      for (const one of round % 2 ? [...sides].reverse() : sides) await turn(one, steps, true);
  } finally {
    await Promise.all(sides.map(({ side }) => side.quit()));
  }
  const [before, now] = sides.map((one) => ({ ...summarise(one.rounds), peakMb: one.peakMb, rounds: one.rounds }));
  const { value, ci } = ratio(before, now);
  const side = ({ ms, ci: msCi, clean, peakMb, rounds: kept }) => ({ ms, msCi, clean, peakMb, rounds: kept });
  const gaps = sides[0].losses.map((loss, k) => Math.abs(loss - sides[1].losses[k]));
  const best = ({ rounds: kept }) => Math.min(...kept.flatMap(({ ms }) => ms));
  return {
    before: side(before),
    now: side(now),
    speed: value,
    speedCi: ci,
    speedOfBest: best(before) / best(now),
    slower: ci[1] < slack,
    lossGap: Math.max(...gaps),
  };
}

const lineOf = ({ method, tokens, precision, before, now, speed, speedCi, speedOfBest, lossGap, slower }) =>
  `${method} 32x${tokens} ${precision}: ${before.ms.toFixed(0)} ms before, ${now.ms.toFixed(0)} ms now, ${speed.toFixed(2)}x [${speedCi.map((x) => x.toFixed(2)).join(', ')}], of the best steps ${speedOfBest.toFixed(2)}x, losses apart by ${lossGap}${slower ? ', slower' : ''}`;
