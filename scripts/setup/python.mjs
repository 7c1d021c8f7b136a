// Python: an environment of the project's own with JupyterLab, every file checked by hash.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { at, holds, run, SetupError, writeAtomically } from './shell.mjs';

export const python = at('.venv', 'bin', 'python');
const candidates = ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11', 'python3.10', 'python'];
const made = at('.venv', '.made');

async function findPython() {
  for (const command of candidates) {
    try {
      await run(command, ['-c', 'import sys; sys.exit(sys.version_info < (3, 10))']);
      return command;
    } catch {
      /* absent or too old */
    }
  }
  throw new SetupError('Python >= 3.10 is missing.', 'sudo apt-get install python3 python3-venv');
}

export const environment = {
  name: 'python environment',
  ready: () => existsSync(made) && existsSync(python),
  async act() {
    const command = await findPython();
    try {
      await run(command, ['-m', 'venv', '--clear', at('.venv')]);
    } catch (error) {
      throw new SetupError(`Python cannot make an environment: ${error.message}`, 'sudo apt-get install python3-venv');
    }
    writeAtomically(made, '');
  },
};

/** A step that brings what a file of requirements pins by hash; it is done while that file has not changed. */
function pinned(name, list, stampName) {
  const wanted = () =>
    createHash('sha256')
      .update(readFileSync(at(list)))
      .digest('hex');
  const stamp = at('.venv', stampName);
  return {
    name,
    ready: () => existsSync(python) && holds(stamp, wanted()),
    async act() {
      await pip(['install', '--require-hashes', '--only-binary=:all:', '-r', at(list)]);
      writeAtomically(stamp, wanted());
    },
  };
}

export const jupyter = pinned('JupyterLab', 'requirements.txt', '.requirements');
/** Brought on request. */
export const dask = pinned('Dask', 'requirements-cluster.txt', '.requirements-cluster');

export const pip = (args) =>
  run(python, ['-m', 'pip', args[0], '--quiet', '--disable-pip-version-check', '--no-input', ...args.slice(1)]);
