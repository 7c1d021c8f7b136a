// Memory of a training step in two passes through one frozen model, beside that of one pass: README.md says how.
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { examplesOf, snippets } from './decoder.mjs';
import { machine, root, write } from './host.mjs';
import { Side } from './side.mjs';

const methods = { once: 'prompt:l=20', twice: 'prompt:l=20+twice:r=64' };
const cells = [
  { model: 'petl-mini-lm', batch: 16, tokens: 64 },
  { model: 'petl-mini-lm', batch: 32, tokens: 128 },
  { model: 'smollm2-135m', batch: 8, tokens: 64 },
  { model: 'smollm2-135m', batch: 8, tokens: 128 },
];
/** What two passes may need beyond the weights, in what two single passes need. */
const bar = 1.15;
const steps = 6;

/** Measures every cell and writes results/bench/twice.json. */
export async function twiceBench({ out, say }) {
  if (!existsSync(snippets)) throw new Error(`${snippets} is missing: run npx petl fetch vaderSentiment`);
  mkdirSync(out, { recursive: true });
  const found = [];
  for (const cell of cells) {
    const [once, twice] = [await measure(cell, methods.once), await measure(cell, methods.twice)];
    const ratio = (twice.peakMb - twice.restMb) / (2 * (once.peakMb - once.restMb));
    found.push({ ...cell, once, twice, ratio, bar, met: ratio <= bar });
    say(
      `${cell.model} ${cell.batch}x${cell.tokens}: ${once.peakMb} and ${twice.peakMb} MB, ${ratio.toFixed(2)} of two passes`,
    );
  }
  write(join(out, 'twice.json'), JSON.stringify({ machine: machine(), methods, cells: found }, null, 1) + '\n');
  return found.every(({ met }) => met);
}

/** Resident memory of a process before its first step, with the weights in it, and at its highest in six steps. */
async function measure({ model, batch, tokens }, method) {
  const scratch = mkdtempSync(join(os.tmpdir(), 'petl-twice-'));
  const side = new Side('ours', 'node', ['bin/petl.cjs', 'bench-train'], { cwd: root });
  try {
    const target = tokens / 4;
    const { restMb } = await side.ask({
      setup: {
        ...{ model, method, precision: 'f32', batch, source: tokens - target, target: target + 1 },
        ...{ learningRate: 1e-3, clipNorm: 1, epochs: 1 },
        examples: examplesOf(batch * (steps + 1), tokens),
        checkpoint: join(scratch, 'run.checkpoint'),
        start: join(scratch, 'start.safetensors'),
      },
    });
    const { peakMb } = await side.ask({ step: steps - 1 });
    return { restMb: Math.round(restMb), peakMb: Math.round(peakMb) };
  } finally {
    await side.quit();
    rmSync(scratch, { recursive: true, force: true });
  }
}
