// What git keeps of a notebook (its clean filter, which set-up writes into the clone's own .git/config): opening, running
// and saving a notebook is no change of it, while the committed pictures stay.
//   git runs it with the file's path, the saved text on stdin, and takes what it prints.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { difference, keepOutputs, modeOf } from './compare.mjs';
import { clean, notebookText, parseNotebook } from './file.mjs';

/**
 * The saved text as it is committed: clean, with the committed outputs of cells that are as they were. A text that is
 * clean already was not saved by JupyterLab but written by scripts/notebooks.mjs, and stays as it is.
 */
export function filtered(saved, committed, path) {
  const notebook = parseNotebook(saved, path);
  const tidy = clean(notebook);
  if (notebookText(tidy) === saved || committed === undefined) return notebookText(tidy);
  return notebookText(keepOutputs(parseNotebook(committed, path), tidy, unchanged));

  // A cell that was not run in this sitting has no outputs, or the old ones.
  function unchanged(old, cell) {
    return cell.outputs.length === 0 || difference(old.outputs, cell.outputs, modeOf(tidy, cell)) === undefined;
  }
}

function committedText(path) {
  try {
    const stdio = ['ignore', 'pipe', 'ignore'];
    return execFileSync('git', ['show', `:./${path}`], { encoding: 'utf8', maxBuffer: 2 ** 28, stdio });
  } catch {
    return undefined; // not committed yet, or in a conflict
  }
}

if (process.argv[1] === import.meta.filename) {
  const path = process.argv[2];
  const saved = readFileSync(0, 'utf8');
  try {
    process.stdout.write(filtered(saved, committedText(path), path));
  } catch {
    process.stdout.write(saved); // no notebook: git keeps it as it is
  }
}
