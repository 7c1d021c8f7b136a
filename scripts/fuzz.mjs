// `npm run fuzz -- --seconds N --seed S [--inputs N] [--only TARGET] [--input I]`: valid inputs changed at random, read by workers that are
// replaced when they die. Bad: a stack, no answer within 10 s, more than 4 GB, or a change that matters and does not show.
// An input is a function of the seed and its number: `--input I` runs that one again and prints its outcome.
import { spawn } from 'node:child_process';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createInterface } from 'node:readline';
import { clearInterval, setInterval } from 'node:timers';
import { parseArgs } from 'node:util';

const root = resolve(fileURLToPath(import.meta.url), '..', '..');
const patience = 10;
const memoryBar = 4 * 2 ** 30;
const batch = 500;

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string' },
    seed: { type: 'string' },
    inputs: { type: 'string' },
    only: { type: 'string' },
    input: { type: 'string' },
    save: { type: 'boolean' },
  },
});
const numberOf = (name, fallback) => {
  const value = Number(options[name] ?? fallback);
  if (Number.isInteger(value) && value >= 0) return value;
  console.error(`fuzz: --${name} must be a whole number, not "${options[name]}"`);
  process.exit(2);
};
const seed = numberOf('seed', 1);
const first = options.input === undefined ? 0 : numberOf('input', 0);
const last = options.input === undefined ? numberOf('inputs', 1e9) : first + 1;
const until = Date.now() + 1000 * numberOf('seconds', 60);

const counts = new Map();
const bad = new Map();
let peak = 0;

function note(target, kind, i, detail = '') {
  const mine = counts.get(target) ?? {};
  counts.set(target, { ...mine, [kind]: (mine[kind] ?? 0) + 1 });
  if (options.input !== undefined) console.log(`${kind}: ${detail}`);
  if (!['silent', 'stack', 'hang', 'memory', 'died'].includes(kind)) return;
  const key = `${target} ${kind} ${kindOf(kind, detail)}`;
  const known = bad.get(key);
  bad.set(key, {
    target,
    kind,
    times: (known?.times ?? 0) + 1,
    input: known?.input ?? i,
    detail: known?.detail ?? detail.split('\n').slice(0, 4).join(' | ').slice(0, 500),
  });
  if (known === undefined)
    console.log(
      `${kind}: ${target}, input ${i}: ${detail.split('\n').slice(0, 4).join(' | ').slice(0, 400)}\n  again: npm run fuzz -- --seed ${seed} --input ${i}${options.only === undefined ? '' : ` --only '${options.only}'`}`,
    );
}

/** A fault by where it happens, a silent change by what was changed. */
function kindOf(kind, detail) {
  if (kind === 'stack') return (/^\s+at .*$/m.exec(detail)?.[0] ?? detail.slice(-80)).replace(/:\d+\)?$/, '');
  return detail
    .replace(/^\S*\/(\S+) /, '$1 ')
    .replace(/-?\d+(\.\d+)?(e[+-]?\d+)?/g, 'N')
    .replace(/ = .*/, '')
    .slice(0, 60);
}

/** Inputs of one worker from `from` on, until one kills it, time is over, or all are done. @returns the next input */
function work(from) {
  return new Promise((done) => {
    const child = spawn(process.execPath, ['--max-old-space-size=3500', join(root, 'bin', 'petl.cjs'), 'fuzz-worker'], {
      cwd: root,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let [current, next, said, over] = [undefined, from, '', false];
    let began = Date.now() + 60000; // loading TensorFlow takes a while
    const ask = () => {
      if (next >= last || Date.now() >= until) return child.stdin.end();
      child.stdin.write(
        `${JSON.stringify({ seed, from: next, to: Math.min(last, next + batch), only: options.only })}\n`,
      );
    };
    const stop = (kind, detail) => {
      if (over) return;
      over = true;
      clearInterval(watch);
      if (current !== undefined) note(current.target, kind, current.i, detail);
      child.kill('SIGKILL');
      done(current === undefined ? next : current.i + 1);
    };
    const watch = setInterval(() => {
      if (current !== undefined && Date.now() - began > 1000 * patience) stop('hang', `no answer within ${patience} s`);
      const size = memoryOf(child.pid);
      peak = Math.max(peak, size);
      if (size > memoryBar) stop('memory', `${(size / 2 ** 30).toFixed(1)} GB`);
      if (Date.now() >= until + 1000 * patience) stop('hang', 'still at work when time was over');
    }, 200);
    child.stdin.on('error', () => {});
    child.stderr.on('data', (chunk) => (said = (said + String(chunk)).slice(-3000)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (over) return;
      if (line.startsWith('> ')) {
        const [, i, target] = /^> (\d+) (.*)$/.exec(line);
        current = { i: Number(i), target };
        began = Date.now();
        return;
      }
      const answer = JSON.parse(line);
      if (answer.done !== undefined) return ask();
      note(answer.target, answer.kind, answer.i, answer.detail);
      next = answer.i + 1;
      current = undefined;
      if (Date.now() >= until) {
        over = true;
        clearInterval(watch);
        child.kill('SIGKILL');
        done(next);
      }
    });
    child.on('exit', (code) => {
      if (over) return;
      if (current !== undefined) return stop('died', `exit ${code}: ${said}`);
      clearInterval(watch);
      if (code !== 0) console.error(said);
      done(code === 0 ? next : last);
    });
    ask();
  });
}

function memoryOf(pid) {
  try {
    return 1024 * Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

const started = Date.now();
for (let next = first; next < last && Date.now() < until;) next = await work(next);
const rows = [...counts].map(([target, kinds]) => ({
  target,
  inputs: Object.values(kinds).reduce((a, b) => a + b, 0),
  ...kinds,
}));
const inputs = rows.reduce((sum, row) => sum + row.inputs, 0);
for (const { target, inputs: n, ...kinds } of rows)
  console.log(
    `${target}: ${n} inputs, ${Object.entries(kinds)
      .map(([kind, times]) => `${times} ${kind}`)
      .join(', ')}`,
  );
console.log(
  `${inputs} inputs in ${Math.round((Date.now() - started) / 1000)} s, at most ${(peak / 2 ** 30).toFixed(1)} GB, ${bad.size} kinds of faults`,
);
if (options.save === true) {
  const path = join(root, 'results', 'interop', 'fuzz.json');
  writeFileSync(
    `${path}.partial`,
    `${JSON.stringify({ seed, inputs, seconds: Math.round((Date.now() - started) / 1000), peakBytes: peak, targets: rows, bad: [...bad.values()] }, null, 1)}\n`,
  );
  renameSync(`${path}.partial`, path);
}
process.exit(bad.size > 0 ? 1 : 0);
