// Compares outputs of a cell with the committed ones. What may differ between runs and machines is set aside first.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root, settled, sourceOf } from './file.mjs';

const cache = join(root, 'data', 'cache');

const plotly = 'application/vnd.plotly.v1+json';

/**
 * How a cell is compared, from the metadata `petl.compare` of the cell or else of the notebook:
 * exact  text, tables and figures, numbers to a millionth;
 * words  text and tables without their numbers, figures by their kinds: for numbers of runs made on this machine;
 * types  the kinds of outputs;
 * none   the cell need only run, as one that trains the first time and loads the next.
 * A cell whose `petl.needs` names data that come on request need only run where they are not here, too.
 */
export const modes = ['exact', 'words', 'types', 'none'];

export function modeOf(notebook, cell) {
  const mode = cell.metadata?.petl?.compare ?? notebook.metadata?.petl?.compare ?? 'exact';
  if (!modes.includes(mode)) throw new Error(`unknown petl.compare "${mode}"; known are ${modes.join(', ')}`);
  const isHere = (name) => cached().some((folder) => folder.replace(/-\d[\d.]*$/, '') === name);
  return (cell.metadata?.petl?.needs ?? []).every(isHere) ? mode : 'none';
}

const cached = () => (existsSync(cache) ? readdirSync(cache) : []);

const number = /-?\d+(?:\.\d+)?(?:e[+-]?\d+)?/gi;

/** Text without times, memory, dates, ids and the place of the project. */
export function normalise(text) {
  return settled(text)
    .replaceAll(root, '.')
    .replace(/\b\d{4}-\d\d-\d\dT[\d:.]+Z?/g, '<date>')
    .replace(/\b\d+(?:\.\d+)?\s?(?:kB|MB|GB|KiB|MiB|GiB)\b/g, '<memory>')
    .replace(/\b\d+(?:\.\d+)?\s?(?:µs|ms|s|sec|seconds|min|minutes|h)\b/g, '<time>')
    .replace(/<time>(?:\s<time>)+/g, '<time>')
    .replace(/\bpetl-\d+-\d+\b|\b[0-9a-f]{16,}\b/g, '<id>')
    .replace(/[ \t]+$/gm, '')
    .trimEnd();
}

/** The part of an output that is compared, as [kind, text] pairs. */
function partsOf(output, mode) {
  if (output.output_type === 'stream')
    return [[`stream ${output.name}`, mode === 'types' ? '' : normalise([output.text].flat().join(''))]];
  return Object.keys(output.data)
    .filter((mime) => !(mime === 'image/png' && plotly in output.data))
    .sort()
    .map((mime) => {
      const value = mime === plotly ? drawn(output.data[mime]) : output.data[mime];
      // The picture is drawn from the figure, which is compared by value.
      const skipped =
        mode === 'types' ||
        mime === 'image/png' ||
        (mime === 'image/svg+xml' && plotly in output.data) ||
        (mode === 'words' && (mime === plotly || mime === 'image/svg+xml'));
      const text = Array.isArray(value)
        ? value.join('')
        : typeof value === 'string'
          ? value
          : JSON.stringify(sorted(value));
      return [mime, skipped ? '' : normalise(text)];
    });
}

/** A figure without what only serves its reader: keys, words under the mouse, switches, the numbers it carries along. */
function drawn(figure) {
  if (!Array.isArray(figure?.data)) return figure;
  const without = (of, served) => Object.fromEntries(Object.entries(of).filter(([name]) => !served.test(name)));
  return {
    data: figure.data.map((trace) => without(trace, /^(?:legend|legendgroup|legendgrouptitle|text|hoverinfo)$/)),
    layout: without(figure.layout ?? {}, /^(?:meta|updatemenus|legend\d*)$/),
  };
}

function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((name) => [name, sorted(value[name])]),
  );
}

/** The first difference in words, or undefined. */
export function difference(before, after, mode) {
  if (mode === 'none') return undefined;
  const [old, now] = [before, after].map((outputs) => outputs.flatMap((output) => partsOf(output, mode)));
  const kinds = (parts) => parts.map(([kind]) => kind).join(', ') || 'nothing';
  if (kinds(old) !== kinds(now)) return `committed outputs are ${kinds(old)}; now ${kinds(now)}`;
  for (const [i, [kind, text]] of old.entries()) {
    const found = textDifference(text, now[i][1], mode);
    if (found) return `${kind}: ${found}`;
  }
  return undefined;
}

function textDifference(before, after, mode) {
  const [words, others] = [before, after].map((text) => text.split(number));
  const [values, newer] = [before, after].map((text) => (text.match(number) ?? []).map(Number));
  const at = words.findIndex((word, i) =>
    mode === 'words' ? word.replace(/\s+/g, ' ') !== others[i]?.replace(/\s+/g, ' ') : word !== others[i],
  );
  if (at >= 0 || words.length !== others.length) return around(before, after);
  if (mode === 'words') return undefined;
  const wrong = values.findIndex(
    (value, i) => Math.abs(value - newer[i]) > 1e-6 * Math.max(Math.abs(value), Math.abs(newer[i])),
  );
  return wrong < 0 ? undefined : `${values[wrong]} was committed, ${newer[wrong]} came out`;
}

/**
 * The notebook with the committed outputs of those cells whose source is the committed one and whose outputs count as
 * unchanged: `same(committed, now)` tells. Cells are known by their ids.
 */
export function keepOutputs(before, after, same) {
  const committed = new Map(before.cells.filter(hasOutputs).map((cell) => [cell.id, cell]));
  const cells = after.cells.map((cell) => {
    const old = cell.cell_type === 'code' ? committed.get(cell.id) : undefined;
    const kept = old !== undefined && sourceOf(old).trimEnd() === sourceOf(cell).trimEnd() && same(old, cell);
    return kept ? { ...cell, outputs: old.outputs } : cell;
  });
  return { ...after, cells };
}

const hasOutputs = ({ cell_type, outputs }) => cell_type === 'code' && (outputs ?? []).length > 0;

/** The first line that differs, both ways. */
function around(before, after) {
  const [old, now] = [before.split('\n'), after.split('\n')];
  const at = old.findIndex((line, i) => line !== now[i]);
  const line = at < 0 ? old.length : at;
  let start = 0;
  while (start < (old[line] ?? '').length && old[line][start] === (now[line] ?? '')[start]) start++;
  const cut = (text) =>
    text === undefined ? 'nothing' : JSON.stringify(text.slice(Math.max(0, start - 30), start + 60));
  return `line ${line + 1}: ${cut(old[line])} was committed, ${cut(now[line])} came out`;
}
