// Notebook files (nbformat 4.5): reading, outputs from kernel messages, clean writing.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = resolve(fileURLToPath(import.meta.url), '..', '..', '..');

const plotly = 'application/vnd.plotly.v1+json';

export function readNotebook(path) {
  return parseNotebook(readFileSync(path, 'utf8'), path);
}

export function parseNotebook(text, path) {
  let notebook;
  try {
    notebook = JSON.parse(text);
  } catch (error) {
    throw new Error(`${path}: not a notebook: ${error.message}`);
  }
  if (!Array.isArray(notebook.cells) || notebook.nbformat !== 4) throw new Error(`${path}: not a notebook of format 4`);
  return notebook;
}

export const sourceOf = (cell) => [cell.source].flat().join('');
const tagsOf = (cell) => cell.metadata?.tags ?? [];

/** A cell with the given values after the one tagged `parameters`; tslab lets a later cell declare a name again. */
export function inject(notebook, parameters) {
  if (Object.keys(parameters).length === 0) return notebook;
  const at = notebook.cells.findIndex((cell) => tagsOf(cell).includes('parameters'));
  if (at < 0) throw new Error('no cell is tagged "parameters", so -p has no place to go');
  const known = sourceOf(notebook.cells[at]);
  for (const name of Object.keys(parameters)) {
    if (!new RegExp(`\\b(const|let)\\s+${name}\\b`).test(known))
      throw new Error(`no parameter "${name}" in the cell tagged "parameters"`);
  }
  const source = Object.entries(parameters)
    .map(([name, value]) => `const ${name} = ${JSON.stringify(value)};`)
    .join('\n');
  const cell = {
    cell_type: 'code',
    id: 'injected-parameters',
    metadata: { tags: ['injected-parameters'] },
    outputs: [],
    source,
  };
  return { ...notebook, cells: notebook.cells.toSpliced(at + 1, 0, cell) };
}

/** Collects the messages of cells as outputs. Displays can be replaced later, also from other cells. */
export function collector() {
  const displays = new Map();
  return {
    cell: () => {
      const outputs = [];
      return { outputs, add: (message) => add(outputs, displays, message) };
    },
  };
}

function add(outputs, displays, { type, content }) {
  if (type === 'stream') addText(outputs, content);
  if (type === 'error') addText(outputs, { name: 'stderr', text: errorText(content) });
  if (type !== 'display_data' && type !== 'update_display_data' && type !== 'execute_result') return;
  const id = content.transient?.display_id;
  const known = id === undefined ? undefined : displays.get(id);
  if (known) Object.assign(known, { data: content.data, metadata: content.metadata ?? {} });
  else {
    const output = { data: content.data, metadata: content.metadata ?? {}, output_type: 'display_data' };
    if (id !== undefined) displays.set(id, output);
    outputs.push(output);
  }
}

const errorText = ({ traceback, evalue }) => traceback?.join('\n') ?? String(evalue);

/** Text of the same stream is one output, as JupyterLab keeps it. */
function addText(outputs, { name, text }) {
  const last = outputs.at(-1);
  if (last?.output_type === 'stream' && last.name === name) last.text += text;
  else outputs.push({ name, output_type: 'stream', text });
}

/** What a terminal would show in the end: a carriage return starts the line anew. */
export function settled(text) {
  return text
    .split('\n')
    .map((line) => line.replace(/\r+$/, '').split('\r').pop())
    .join('\n');
}

/** Lines with their ends, as Jupyter stores text. */
const lines = (text) => (text === '' ? [] : text.match(/[^\n]*\n|[^\n]+$/g));

/** Without what a slow machine is told (scripts/notebook/ready.cjs). */
const said = (text) => text.replace(/^petl-lab: reading .*\n/m, '');

function cleanOutput(output) {
  if (output.output_type === 'stream')
    return { name: output.name, output_type: 'stream', text: lines(settled(said([output.text].flat().join('')))) };
  if (output.output_type === 'error')
    return cleanOutput({ name: 'stderr', output_type: 'stream', text: errorText(output) });
  const data = {};
  for (const mime of Object.keys(output.data).sort()) {
    // JupyterLab's Plotly renderer adds a picture when it saves.
    if (mime === 'image/png' && plotly in output.data) continue;
    const value = output.data[mime];
    const text = typeof value === 'string' || Array.isArray(value);
    data[mime] = text && !mime.startsWith('image/png') ? lines([value].flat().join('')) : value;
  }
  return { data, metadata: {}, output_type: 'display_data' };
}

function cleanMetadata(metadata = {}) {
  const kept = Object.entries(metadata)
    .filter(([name]) => name === 'tags' || name === 'petl')
    .sort();
  return Object.fromEntries(kept.filter(([, value]) => !Array.isArray(value) || value.length > 0));
}

/** The notebook without execution counts, timings, editor state and saved pictures; keys in Jupyter's order. */
export function clean(notebook) {
  const ids = new Set(notebook.cells.map((cell) => cell.id));
  const cells = notebook.cells.map((cell, index) => {
    let id = cell.id ?? `cell-${index + 1}`;
    while (cell.id === undefined && ids.has(id)) id += '-';
    ids.add(id);
    const shared = { id, metadata: cleanMetadata(cell.metadata), source: lines(sourceOf(cell).trimEnd()) };
    // Pictures pasted into a text.
    const { attachments = {} } = cell;
    const pasted = Object.keys(attachments).length > 0 ? { attachments } : {};
    if (cell.cell_type !== 'code') return { ...pasted, cell_type: cell.cell_type, ...shared };
    const { source, ...head } = shared;
    return {
      cell_type: 'code',
      execution_count: null,
      ...head,
      outputs: (cell.outputs ?? []).map(cleanOutput).filter(({ text }) => text?.length !== 0),
      source,
    };
  });
  const metadata = {
    kernelspec: { display_name: 'TypeScript', language: 'typescript', name: 'tslab' },
    language_info: { file_extension: '.ts', mimetype: 'text/typescript', name: 'typescript' },
    ...(notebook.metadata?.petl ? { petl: notebook.metadata.petl } : {}),
  };
  return { cells, metadata, nbformat: 4, nbformat_minor: 5 };
}

export function notebookText(notebook) {
  return `${JSON.stringify(notebook, null, 1)}\n`;
}

/** In one step: a notebook is never half written. */
export function writeNotebook(path, notebook) {
  const half = join(dirname(path), `.tmp-${process.pid}-${basename(path)}`);
  writeFileSync(half, notebookText(notebook));
  renameSync(half, path);
}
