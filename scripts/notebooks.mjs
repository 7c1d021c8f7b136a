// Runs notebooks without a browser, through scripts/kernel.cjs.
//   node scripts/notebooks.mjs --check [files]   execute and compare with the committed outputs
//   node scripts/notebooks.mjs --write [files]   execute and write clean outputs
//   node scripts/notebooks.mjs file -p name=value [--out file]   execute with parameters, print what it prints
// Without files: every notebook of notebooks/.
import { existsSync, readdirSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { twoAtATime } from './lanes.mjs';
import { difference, keepOutputs, modeOf } from './notebook/compare.mjs';
import { clean, collector, inject, notebookText, readNotebook, sourceOf, writeNotebook } from './notebook/file.mjs';
import { root, startKernel } from './notebook/kernel.mjs';

class UserError extends Error {}

/**
 * Executes every code cell in one kernel. Resolves with the notebook and its new outputs; a failing cell is an error.
 */
export async function execute(notebook, { onText = () => undefined, timeout = 900 } = {}) {
  const kernel = await startKernel();
  const { cell: newCell } = collector();
  const outputs = new Map();
  try {
    for (const [index, cell] of notebook.cells.entries()) {
      if (cell.cell_type !== 'code' || sourceOf(cell).trim() === '') continue;
      const collected = newCell();
      outputs.set(index, collected.outputs);
      const onMessage = (message) => {
        collected.add(message);
        if (message.type === 'stream') onText(message.content.text);
      };
      const status = await within(kernel.execute(sourceOf(cell), onMessage), timeout, `cell ${index + 1}`);
      if (status !== 'ok') throw new Error(`cell ${index + 1}: ${textOf(collected.outputs, 'stderr') || status}`);
    }
    // Outputs of what was not awaited.
    await new Promise((done) => {
      setTimeout(done, 50);
    });
  } finally {
    await kernel.stop();
  }
  return {
    ...notebook,
    cells: notebook.cells.map((cell, index) =>
      cell.cell_type === 'code' ? { ...cell, outputs: outputs.get(index) ?? [] } : cell,
    ),
  };
}

function within(promise, seconds, what) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${what}: not finished after ${seconds} s`)), 1000 * seconds);
    promise.then(resolve, (error) => reject(new Error(`${what}: ${error.message}`))).finally(() => clearTimeout(timer));
  });
}

const textOf = (outputs, name) =>
  outputs
    .filter((output) => output.name === name)
    .map((output) => output.text)
    .join('')
    .trim();

/** One line for each cell whose outputs are not the committed ones. */
export function differences(before, after) {
  return before.cells.flatMap((cell, index) => {
    if (cell.cell_type !== 'code') return [];
    const found = difference(cell.outputs ?? [], after.cells[index].outputs, modeOf(before, cell));
    return found ? [`cell ${index + 1}: ${found}`] : [];
  });
}

/** New outputs where they differ, else the committed ones: a rewrite changes no more than it must. */
function merged(before, after) {
  return keepOutputs(before, after, (old, cell) => {
    const mode = modeOf(before, cell);
    return difference(old.outputs, cell.outputs, mode === 'none' ? 'words' : mode) === undefined;
  });
}

async function check(path) {
  const before = readNotebook(path);
  const tidy = notebookText(clean(before)) === notebookText(before);
  const found = differences(before, clean(await execute(before)));
  return tidy
    ? found
    : [...found, 'the file is not clean (execution counts, editor state or order); write it with --write'];
}

async function write(path) {
  const before = readNotebook(path);
  writeNotebook(path, clean(merged(before, clean(await execute(before)))));
  return [];
}

async function runOnce(path, { parameters, out }) {
  const notebook = inject(readNotebook(path), parameters);
  const done = await execute(notebook, { onText: (text) => process.stdout.write(text) });
  if (out) writeNotebook(out, clean(done));
  return [];
}

function parametersOf(pairs) {
  return Object.fromEntries(
    pairs.map((pair) => {
      const [, name, value] = /^([A-Za-z_$][\w$]*)=(.*)$/s.exec(pair) ?? [];
      if (name === undefined) throw new UserError(`-p ${pair}: write it as name=value`);
      try {
        return [name, JSON.parse(value)];
      } catch {
        return [name, value];
      }
    }),
  );
}

function filesOf(given) {
  if (given.length === 0)
    return readdirSync(join(root, 'notebooks'))
      .filter((name) => name.endsWith('.ipynb'))
      .sort()
      .map((name) => join(root, 'notebooks', name));
  return given.map((file) => {
    if (!existsSync(file)) throw new UserError(`${file}: no such notebook`);
    return resolve(file);
  });
}

function jobOf(values) {
  const parameters = parametersOf(values.param ?? []);
  if ((values.check || values.write) && Object.keys(parameters).length > 0)
    throw new UserError('-p changes the outputs: leave out --check and --write, or name a copy with --out');
  if (values.check) return check;
  if (values.write) return write;
  return (path) => runOnce(path, { parameters, out: values.out });
}

async function main() {
  const options = {
    check: { type: 'boolean' },
    write: { type: 'boolean' },
    out: { type: 'string' },
    param: { type: 'string', short: 'p', multiple: true },
  };
  const { values, positionals } = parse(options);
  const job = jobOf(values);
  // The check shows finished runs: the committed ones, the same on every machine.
  if (values.check) process.env.PETL_QUICK_RESULTS = join(root, 'results', 'reference', 'quick');
  let failed = 0;
  const report = async (path) => {
    const began = performance.now();
    const found = await job(path).catch((error) => [error.message]);
    if (found.length > 0) failed += 1;
    console.log(
      `${found.length === 0 ? 'ok  ' : 'FAIL'} ${relative(root, path)}  ${((performance.now() - began) / 1000).toFixed(1)} s`,
    );
    for (const line of found) console.log(`     ${line.replaceAll('\n', '\n     ')}`);
  };
  // A check compares outputs; what is written or run for its own sake keeps both cores.
  if (values.check) await twoAtATime(filesOf(positionals), report);
  else for (const path of filesOf(positionals)) await report(path);
  process.exitCode = failed > 0 ? 1 : 0;
}

function parse(options) {
  try {
    return parseArgs({ options, allowPositionals: true });
  } catch (error) {
    throw new UserError(error.message.split('. ')[0]);
  }
}

if (process.argv[1] === import.meta.filename) {
  main().catch((error) => {
    console.error(error instanceof UserError ? error.message : error);
    process.exitCode = error instanceof UserError ? 2 : 1;
  });
}
