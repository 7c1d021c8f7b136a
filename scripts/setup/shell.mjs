// What every set-up step needs: the project root, child processes that can be stopped, atomic files.
import { spawn } from 'node:child_process';
import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');
export const at = (...parts) => join(root, ...parts);
export const cache = (...parts) => at('.cache', ...parts);

/** A failure the user can act on: what is wrong, and the command that mends it. */
export class SetupError extends Error {
  constructor(what, remedy) {
    super(what);
    this.remedy = remedy;
  }
}

/** Writes through a temporary name, so that a kill leaves either the old file or the new one. */
export function writeAtomically(file, text) {
  mkdirSync(dirname(file), { recursive: true });
  const half = `${file}.${process.pid}.tmp`;
  writeFileSync(half, text);
  renameSync(half, file);
}

export const holds = (file, text) => existsSync(file) && readFileSync(file, 'utf8') === text;

// Linux tells when a process started, which makes a process id safe to trust after a restart.
function startOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')[19];
  } catch {
    return undefined;
  }
}

const lockFile = cache('setup.lock');
const children = new Map();
const describe = () =>
  JSON.stringify({ pid: process.pid, started: startOf(process.pid), children: [...children.values()] });

function killGroup(pid) {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    /* it has ended by itself */
  }
}

// The clients keep their caches and temporary files in the project too.
const insideTheProject = {
  TMPDIR: cache('tmp'),
  PIP_NO_CACHE_DIR: '1',
  npm_config_cache: cache('npm'),
  npm_config_devdir: cache('node-gyp'),
  npm_config_update_notifier: 'false',
};

/** Runs a command in its own process group; resolves with its output, rejects with the last lines of it. */
export function run(command, args, { cwd = root, env = {} } = {}) {
  return new Promise((done, fail) => {
    const child = spawn(command, args, {
      cwd,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...insideTheProject, ...env },
    });
    let output = '';
    child.stdout.on('data', (data) => {
      output += data;
    });
    child.stderr.on('data', (data) => {
      output += data;
    });
    child.on('error', (error) => fail(new SetupError(`${command} could not be started: ${error.message}`)));
    child.on('close', (code, signal) => {
      children.delete(child.pid);
      if (code === 0) return done(output);
      const tail = output.trim().split('\n').slice(-12).join('\n    ');
      fail(new SetupError(`${command} ${args[0] ?? ''} failed (${signal ?? `exit code ${code}`}):\n    ${tail}`));
    });
    if (child.pid !== undefined) {
      children.set(child.pid, { pid: child.pid, started: startOf(child.pid) });
      writeAtomically(lockFile, describe());
    }
  });
}

const readLock = () => {
  try {
    return JSON.parse(readFileSync(lockFile, 'utf8'));
  } catch {
    return undefined;
  }
};
const runs = ({ pid, started }) => started !== undefined && startOf(pid) === started;

/** True where this process is the first to put its lock there. */
function tryLock() {
  const own = `${lockFile}.${process.pid}.tmp`;
  writeFileSync(own, describe());
  try {
    linkSync(own, lockFile); // unlike a rename, refuses to replace
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(own);
  }
}

/** One set-up at a time. What a killed set-up left running is stopped first, so that two never share a folder. */
export async function takeLock() {
  mkdirSync(cache(), { recursive: true });
  for (let waited = false; !tryLock();) {
    const other = readLock();
    if (other !== undefined && runs(other)) {
      if (!waited) console.log(`Another set-up runs here (process ${other.pid}); waiting for it.`);
      waited = true;
      await new Promise((next) => {
        setTimeout(next, 300);
      });
    } else {
      for (const child of other?.children ?? []) if (runs(child)) killGroup(child.pid);
      rmSync(lockFile, { force: true });
    }
  }
  rmSync(cache('tmp'), { recursive: true, force: true, maxRetries: 5 }); // of a killed set-up
  mkdirSync(cache('tmp'));
  const release = () => rmSync(lockFile, { force: true });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      for (const pid of children.keys()) killGroup(pid);
      release();
      process.exit(130);
    });
  }
  return release;
}

/** The first of these commands that answers `--version`, or undefined. */
export async function firstThatAnswers(commands) {
  for (const command of commands) {
    try {
      await run(command, ['--version']);
      return command;
    } catch {
      /* try the next */
    }
  }
  return undefined;
}
