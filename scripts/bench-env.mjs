// Makes .venv-bench (PyTorch, transformers, PEFT) and, with --interop, .venv-interop (PEFT, adapters), each only when
// its pinned
// requirements changed. Nothing else in the project needs Python packages of these folders.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const environments = {
  bench: { folder: '.venv-bench', requirements: 'bench/requirements.txt' },
  interop: { folder: '.venv-interop', requirements: 'bench/requirements-interop.txt' },
};

const windows = process.platform === 'win32';
const pythonOf = (folder) => join(root, folder, windows ? 'Scripts/python.exe' : 'bin/python');

/** The path of the environment's Python, made when missing. */
export function ensureEnvironment(name) {
  const { folder, requirements } = environments[name];
  const python = pythonOf(folder);
  const wanted = createHash('sha256')
    .update(readFileSync(join(root, requirements)))
    .digest('hex');
  const mark = join(root, folder, 'requirements.sha256');
  if (existsSync(python) && existsSync(mark) && readFileSync(mark, 'utf8') === wanted) return python;
  const started = Date.now();
  console.error(`making ${folder} from ${requirements} (once, about a minute)`);
  rmSync(join(root, folder), { recursive: true, force: true });
  run(systemPython(), ['-m', 'venv', folder]);
  run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements]);
  writeFileSync(mark + '.tmp', wanted);
  renameSync(mark + '.tmp', mark);
  console.error(`${folder} ready, ${Math.round((Date.now() - started) / 1000)} s`);
  return python;
}

function systemPython() {
  for (const name of windows ? ['python'] : ['python3', 'python']) {
    try {
      execFileSync(name, ['-c', 'import sys; sys.exit(sys.version_info < (3, 10))'], { stdio: 'ignore' });
      return name;
    } catch {
      /* not this one */
    }
  }
  throw new Error(
    'Python 3.10 or newer is needed for the benchmark and the interchange proof: install python3 and python3-venv',
  );
}

function run(command, args) {
  execFileSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] });
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  console.log(ensureEnvironment('bench'));
  if (process.argv.includes('--interop')) console.log(ensureEnvironment('interop'));
}
