// One cell of the benchmark: one method, length, precision and head, every side in its own process, rounds interleaved.
import { join } from 'node:path';
import { machine } from './host.mjs';
import { writeInputs } from './inputs.mjs';
import { PeakMeter } from './peak.mjs';
import { Side } from './side.mjs';
import { ratio, summarise } from './statistics.mjs';
import { stepGflop } from './work.mjs';

const shared = { batch: 32, batches: 4, classes: 3, learningRate: 1e-4 };
const limits = { f32: 2e-3, bf16: 5e-2 };

/** Sides by name: the command that speaks the protocol and what its setup message adds. */
function sidesOf({ python, ours, compile }) {
  const torch = (extra) => ({ command: python, args: [join(import.meta.dirname, 'torch_step.py')], extra });
  const own = (work) => ({ command: ours[0], args: ours.slice(1), extra: { work } });
  return {
    'torch-sdpa': torch({ attention: 'sdpa', compile: false }),
    'torch-eager': torch({ attention: 'eager', compile: false }),
    ...(compile ? { 'torch-compile': torch({ attention: 'sdpa', compile: true }) } : {}),
    ...(ours ? { same: own('same'), shipped: own('shipped') } : {}),
  };
}

/** Runs the cell; returns its record. Throws when a side fails. */
export async function measure(cell, options) {
  const file = join(options.scratch, 'inputs.safetensors');
  const lengths = writeInputs(file, options.stream, { ...shared, ...cell });
  const setup = {
    ...shared,
    method: cell.method,
    model: options.model,
    tokens: cell.tokens,
    pooling: cell.head,
    precision: cell.precision,
    file,
    threads: options.threads,
  };
  const running = [];
  const peak = new PeakMeter(
    [[options.python, join(import.meta.dirname, 'torch_step.py')], ...(options.ours ? [options.ours] : [])],
    { ...options, precision: cell.precision, seconds: 0.25 },
  );
  try {
    for (const [name, { command, args, extra }] of Object.entries(sidesOf(options))) {
      const process = new Side(name, command, args, { cwd: options.root });
      running.push({ name, process, rounds: [], losses: [] });
      const ready = await process.ask({ setup: { ...setup, ...extra } });
      Object.assign(running.at(-1), { trained: ready.trained, setupMs: ready.setupMs, versions: ready.versions });
      await advance(running.at(-1), options.warmup, false);
    }
    await interleave(running, peak, options);
    const gflop = lengths.reduce((sum, rows) => sum + stepGflop(cell.method, cell.head, rows), 0) / lengths.length;
    return { ...record(cell, running, gflop), gemmPeakGflops: peak.best };
  } finally {
    await Promise.all([peak.quit(), ...running.map(({ process }) => process.quit())]);
  }
}

async function advance(side, steps, timed) {
  const { ms, losses, foreignCpu, peakMb } = await side.process.ask({ step: steps });
  side.losses.push(...losses);
  side.peakMb = peakMb;
  if (timed) side.rounds.push({ ms, foreignCpu });
}

/**
 * Rounds of `steps` on each side in turn, further rounds while some side lacks clean steps; a clearly slower attention
 * of PyTorch's leaves after the first.
 */
async function interleave(running, peak, { rounds, steps, say }) {
  let active = running;
  for (let round = 0; round < 2 * rounds; round++) {
    const turned = [...active.slice(round % active.length), ...active.slice(0, round % active.length)];
    for (const side of turned) await advance(side, steps, true);
    await peak.measure();
    say(
      `  round ${round + 1}: ` +
        active.map(({ name, rounds: done }) => `${name} ${Math.round(summarise(done).ms)}`).join(', ') +
        ` ms, plain products ${Math.round(peak.best)} GFLOP/s`,
    );
    if (round === 0) active = withoutSlower(active);
    if (round + 1 >= rounds && active.every((side) => summarise(side.rounds).clean)) return;
  }
}

function withoutSlower(active) {
  const torch = active
    .filter(({ name }) => name === 'torch-sdpa' || name === 'torch-eager')
    .map((side) => ({ side, ...summarise(side.rounds) }));
  const best = Math.min(...torch.map(({ ms }) => ms));
  const slower = torch.filter(({ ms, clean }) => clean && ms > 1.1 * best).map(({ side }) => side);
  return active.filter((side) => !slower.includes(side));
}

function record(cell, running, gflop) {
  const found = Object.fromEntries(running.map((side) => [side.name, { ...side, ...summarise(side.rounds) }]));
  const torch = ['torch-sdpa', 'torch-eager'].map((name) => found[name]).sort((a, b) => a.ms - b.ms)[0];
  const own = Object.fromEntries(
    ['same', 'shipped'].flatMap((name) => (found[name] ? [[name, compare(found[name], torch, cell.precision)]] : [])),
  );
  return {
    ...cell,
    batch: shared.batch,
    gflop,
    trained: torch.trained,
    versions: torch.versions,
    torch: torch.name,
    torchMs: torch.ms,
    torchMsCi: torch.ci,
    torchPeakMb: torch.peakMb,
    compileMs: found['torch-compile']?.ms ?? null,
    own,
    sides: running.map(({ name, rounds, losses, peakMb, setupMs }) => ({ name, rounds, losses, peakMb, setupMs })),
    clean: [torch, found.same, found.shipped].every((side) => side === undefined || side.clean),
    date: new Date().toISOString(),
    commit: machine().commit,
  };
}

function compare(own, torch, precision) {
  const speedup = ratio(torch, own);
  const gaps = own.losses.slice(0, torch.losses.length).map((loss, k) => Math.abs(loss - torch.losses[k]));
  const lossGap = gaps.every(Number.isFinite) ? Math.max(...gaps) : Infinity;
  return {
    ms: own.ms,
    msCi: own.ci,
    peakMb: own.peakMb,
    speedup: speedup.value,
    speedupCi: speedup.ci,
    trained: own.trained,
    lossGap,
    lossesAgree: lossGap <= limits[precision] && own.trained === torch.trained,
  };
}
