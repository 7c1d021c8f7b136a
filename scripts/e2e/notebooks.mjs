// Run All of every notebook, with the committed results at hand; opening, running and saving changes none.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { figureFaults } from './figures.mjs';
import { endKernels, place, root } from './lab.mjs';
import { changes, look, open, picture, runAll, save } from './notebook.mjs';

export const all = () =>
  readdirSync(join(root, 'notebooks'))
    .filter((name) => name.endsWith('.ipynb'))
    .sort()
    .map((name) => `notebooks/${name}`);

/** What is read off a figure stands where figures have keys to click: this notebook's last one. */
const figured = 'notebooks/00-start-here.ipynb';
const exported = ['svg', 'png', 'html', 'csv'].map((kind) =>
  join(root, 'results', 'quick', 'figures', `start-here.${kind}`),
);

/** @returns faults of one notebook, and its seconds */
export async function notebookFaults(page, path, server) {
  const before = changes(path);
  const text = readFileSync(join(root, path));
  const began = performance.now();
  if (path === figured) for (const file of exported) rmSync(file, { force: true });
  await open(page, path, server);
  const opened = (performance.now() - began) / 1000;
  const seconds = await runAll(page);
  const seen = await look(page);
  const faults = seen.errors.map((error) => `a cell says: ${error}`);
  if (seen.cells === 0 || seen.run !== seen.cells) faults.push(`${seen.run} of ${seen.cells} code cells have run`);
  await save(page);
  const after = changes(path);
  if (after !== before) faults.push(`git, once it is saved: ${after}`);
  mkdirSync(place, { recursive: true });
  await picture(page, join(place, `${basename(path, '.ipynb')}.png`));
  if (path === figured) {
    faults.push(...(await figureFaults(page)).faults);
    faults.push(...exported.filter((file) => !existsSync(file)).map((file) => `${file} is not written`));
  }
  await endKernels(server);
  writeFileSync(join(root, path), text); // as it was: what JupyterLab saves has counts and times that git does not take
  if (after === '') execFileSync('git', ['add', '--', path], { cwd: root }); // git remembers the size that was saved
  return { faults, seconds, opened, seen };
}
