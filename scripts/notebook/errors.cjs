// What a cell shows of an error: the message first, then the cell's line, and of a stack only the project's own frames
// where the fault is not the user's. tslab prints the stack alone, which begins with the compiled code.
const vm = require('node:vm');

/** Cells by the name that their frames carry: the text as written, and the code that ran. */
const cells = new Map();
const kept = 200;
let source = '';
let count = 0;

/** Gives each cell's code a name of its own, so that a frame says which cell it is of. */
function nameCells() {
  const { runInThisContext } = vm;
  vm.runInThisContext = (code, options) => {
    if (!/^\((async )?function\(exports, require\) \{/.test(code)) return runInThisContext(code, options);
    count += 1;
    const filename = `cell-${count}`;
    cells.set(filename, { source, code });
    cells.delete(`cell-${count - kept}`);
    return runInThisContext(code, { ...options, filename });
  };
  const executors = require('tslab/dist/executor.js');
  const { createExecutor } = executors;
  executors.createExecutor = (...given) => {
    const made = createExecutor(...given);
    const execute = (code) => {
      source = code;
      return made.execute(code);
    };
    return { ...made, execute };
  };
}

/** A line of compiled code as it was written, spaces and types aside. */
const plain = (line) =>
  line
    .replace(/\(0, \w+\.(\w+)\)/g, '$1')
    .replace(/^\s*\((async )?function\(exports, require\) \{/, '')
    .replace(/\bexports\.(tsLastExpr\d* = )?/g, '')
    .replace(/\b\w+_\d+\./g, '')
    .replace(/^\s*(const|let|var)\s+/, '')
    .replace(/['"`;,\s]/g, '');

/**
 * Where in the newest cell of a stack the fault came up: its function may stand in an earlier one. The line is looked
 * for by its text, as the compiler moves and joins lines.
 */
function placeOf(stack) {
  const frames = [...stack.matchAll(/\bcell-(\d+):(\d+)/g)];
  const newest = Math.max(...frames.map(([, number]) => Number(number)));
  const [, number, line] = frames.find((frame) => Number(frame[1]) === newest) ?? [];
  const cell = cells.get(`cell-${number}`);
  const compiled = cell?.code.split('\n')[Number(line) - 1] ?? '';
  const wanted = plain(compiled);
  if (wanted.length < 3) return undefined;
  const written = cell.source.split('\n');
  const begins = written.findIndex(
    (text, i) => plain(text) !== '' && plain(written.slice(i).join('')).startsWith(wanted),
  );
  const at = begins >= 0 ? begins : likest(written, compiled);
  return at < 0 ? undefined : `  line ${at + 1} of the cell: ${written[at].trim()}`;
}

/** The line that has most of the compiled line's words, where that is nearly all: types are gone from the latter. */
function likest(written, compiled) {
  const words = compiled.match(/[\p{L}\p{N}]{2,}/gu) ?? [];
  const shares = written.map((line) => words.filter((word) => line.includes(word)).length / Math.max(1, words.length));
  const best = Math.max(...shares);
  return best > 0.7 ? shares.indexOf(best) : -1;
}

const ownFrame = /^\s+at .*(\/src\/|cell-\d+)/;

/** The text of an error in a cell; `PETL_DEBUG=1` shows the whole stack. */
function errorText(error) {
  if (process.env.PETL_DEBUG) return error.stack;
  const stack = String(error.stack ?? '');
  const place = placeOf(stack);
  const isUsers = error.name === 'UserError' || /^Interrupted/.test(error.message);
  const head = isUsers ? error.message : `${error.name}: ${error.message}`;
  const frames = isUsers ? [] : stack.split('\n').filter((line) => ownFrame.test(line) && !/cell-\d+/.test(line));
  return [head, ...(place === undefined ? [] : [place]), ...frames.slice(0, 4).map((line) => `  ${line.trim()}`)].join(
    '\n',
  );
}

/** Errors that reach the console are shown as `errorText` has them, those of promises that nobody awaits included. */
function showErrors() {
  nameCells();
  const { error: print } = console;
  console.error = (...given) => {
    const said = given.map((value) => (value instanceof Error ? errorText(value) : value));
    const [first, ...rest] = said;
    if (/^(UncaughtException|UnhandledPromiseRejection):$/.test(first)) print(...rest);
    else print(...said);
  };
}

module.exports = { showErrors };
