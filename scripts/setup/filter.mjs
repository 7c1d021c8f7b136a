// Tells this clone's git how notebooks are committed: see scripts/notebook/filter.mjs and .gitattributes. Without it
// all works, and a notebook that JupyterLab saved shows as changed.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { at, root } from './shell.mjs';

export const key = 'filter.petl-notebook.clean';
// Where node or the script is missing, as in an older commit, the file goes in as it is.
const script = 'scripts/notebook/filter.mjs';
export const command = `if command -v node >/dev/null && test -f ${script}; then node ${script} %f; else cat; fi`;

const git = (...args) =>
  execFileSync('git', ['-C', root, 'config', '--local', ...args], { encoding: 'utf8', stdio: 'pipe' }).trim();

function known() {
  try {
    return git('--get', key) === command;
  } catch (error) {
    return error.status !== 1; // 1: the key is not set; else there is no git, or the clone is not ours to read
  }
}

export const filter = {
  name: 'notebooks in git',
  ready: () => !existsSync(at('.git')) || known(),
  act: () => {
    try {
      git(key, command);
      return undefined;
    } catch {
      return '.git/config cannot be written: notebooks that you save will show as changed';
    }
  },
};
