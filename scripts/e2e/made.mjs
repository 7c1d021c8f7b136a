// Notebooks that are made for a check.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './lab.mjs';

export const pathOf = (name) => `.cache/e2e/notebooks/${name}.ipynb`;

export function writeNotebook(name, cells) {
  const path = join(root, pathOf(name));
  mkdirSync(dirname(path), { recursive: true });
  const value = {
    cells: cells.map((source, i) => ({
      cell_type: 'code',
      id: `cell-${i}`,
      metadata: {},
      execution_count: null,
      outputs: [],
      source,
    })),
    metadata: { kernelspec: { display_name: 'TypeScript', language: 'typescript', name: 'tslab' } },
    nbformat: 4,
    nbformat_minor: 5,
  };
  writeFileSync(path, JSON.stringify(value));
}
