// What every set-up step needs: the project root, child processes that can be stopped, atomic files.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
export const { isDependency, npmFolder } = require('../../bin/installed.cjs');
const { lock, nameOf } = require('../../bin/lock.cjs');
const { removeLeftovers, spawnTied, whenAbandoned } = require('../../bin/processes.cjs');

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

const children = new Set();

// The clients keep their caches and temporary files in the project too.
const insideTheProject = {
  TMPDIR: cache('tmp'),
  PIP_NO_CACHE_DIR: '1',
  npm_config_cache: cache('npm'),
  npm_config_devdir: cache('node-gyp'),
  npm_config_update_notifier: 'false',
};

/**
 * Runs a command that ends with this process; resolves with its output, rejects with the last lines of it. What a command
 * leaves in its group ends with it, too.
 */
export function run(command, args, { cwd = root, env = {} } = {}) {
  return new Promise((done, fail) => {
    const child = spawnTied(command, args, {
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...insideTheProject, ...env },
    });
    children.add(child);
    let output = '';
    child.stdout.on('data', (data) => {
      output += data;
    });
    child.stderr.on('data', (data) => {
      output += data;
    });
    const unstarted = (error) => fail(new SetupError(`${command} could not be started: ${error.message}`));
    child.on('message', unstarted);
    child.on('error', unstarted);
    child.on('close', (code, signal) => {
      children.delete(child);
      if (code === 0) return done(output);
      const tail = output.trim().split('\n').slice(-12).join('\n    ');
      fail(new SetupError(`${command} ${args[0] ?? ''} failed (${signal ?? `exit code ${code}`}):\n    ${tail}`));
    });
  });
}

/**
 * One set-up at a time, in a folder that it may write to. What a killed set-up started ends by itself; a new one waits
 * for that before it works on the same folders.
 */
export async function takeLock() {
  const release = await lock(cache('setup.lock'), (owner) => {
    console.log(`Another set-up runs here (${nameOf(owner)}); waiting for it.`);
  });
  removeLeftovers(cache());
  rmSync(cache('tmp'), { recursive: true, force: true, maxRetries: 5 }); // of a killed set-up
  mkdirSync(cache('tmp'));
  const stop = () => {
    for (const child of children) child.kill('SIGTERM');
    release();
    process.exit(130);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop);
  whenAbandoned(stop);
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
