// Kills training with SIGKILL at random steps and lets it go on, until it ends: its numbers must be those of a run that
// nothing disturbed, bit for bit.
//
// Usage: node scripts/resume.cjs [--kills 20] [--runs 4] [--seed 1]    (kills over all runs together)
const { fork } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { build } = require('../bin/petl.cjs');

const built = build();
const need = (name) => require(path.join(built, `${name}.js`));

/** In the child: tells every step, and at last the numbers. */
async function child(name, model, folder, checkpointed) {
  const { resumedJob } = need('training/fixtures/resumed');
  const { train } = need('training/train');
  const { checkpoint, ...job } = resumedJob(name, model, folder, () => undefined);
  const tell = (message) => new Promise((resolve) => process.send(message, resolve));
  const losses = [];
  const outcome = await train(checkpointed ? { ...job, checkpoint } : job, (event) => {
    if (event.kind === 'step') process.send({ step: event.step });
    if (event.kind !== 'phase') losses.push(event.loss);
    return undefined;
  });
  const { score, loss, perExample, steps } = outcome;
  await tell({ numbers: JSON.stringify({ score, loss, perExample, steps, losses }), steps });
  process.exit(0);
}

/** Runs a child; kills it when it tells `at`, or a moment later. */
function start(args, at, random) {
  return new Promise((resolve, reject) => {
    const worker = fork(__filename, args, { env: { ...process.env, PETL_BUILD: built } });
    let told;
    let first = true;
    worker.on('message', (message) => {
      if (message.numbers !== undefined) told = message;
      // A run that goes on tells the steps before again: those are past.
      if (first === true && message.step >= at) {
        first = false;
        setTimeout(() => worker.kill('SIGKILL'), Math.floor(random() * 30));
      }
    });
    worker.on('exit', (code, signal) => {
      if (code === 0 || signal === 'SIGKILL') resolve(told);
      else reject(new Error(`a run ended with exit code ${code}`));
    });
  });
}

async function main() {
  const { values } = parseArgs({
    options: {
      kills: { type: 'string', default: '20' },
      runs: { type: 'string', default: '4' },
      seed: { type: 'string', default: '1' },
    },
  });
  const { resumedRuns } = need('training/fixtures/resumed');
  const { wordModel } = need('training/fixtures/words');
  const random = need('random').randomFrom(Number(values.seed));
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'petl-kills-'));
  const names = Object.keys(resumedRuns).slice(0, Number(values.runs));
  const each = Math.ceil(Number(values.kills) / names.length);
  let [kills, equal] = [0, 0];
  try {
    const model = wordModel(folder, 'bert');
    for (const name of names) {
      const args = ['--child', name, model, folder];
      const whole = await start([...args, 'plain'], Infinity, random);
      let found;
      for (let k = 0; k < each; k++) {
        found = await start(args, 1 + Math.floor(random() * whole.steps), random);
        if (found === undefined) kills++;
        else fs.rmSync(path.join(folder, 'state.safetensors'), { force: true }); // it had ended: another from the start
      }
      found = await start(args, Infinity, random);
      fs.rmSync(path.join(folder, 'state.safetensors'), { force: true });
      const same = found.numbers === whole.numbers;
      if (same) equal++;
      console.log(`${name}: ${same ? 'bit-equal' : 'DIFFERENT'} over ${whole.steps} steps`);
    }
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
  console.log(`${kills} kills, ${equal} of ${names.length} runs bit-equal`);
  process.exitCode = equal === names.length ? 0 : 1;
}

const given = process.argv.indexOf('--child');
if (given > 0) void child(...process.argv.slice(given + 1, given + 4), process.argv[given + 4] !== 'plain');
else void main();
