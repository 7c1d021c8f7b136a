import { execFileSync } from 'node:child_process';
import { renameSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '..');
export const threads = Math.max(1, os.cpus().length);

/** What results say of where they were measured. */
export function machine() {
  const commit = (() => {
    try {
      return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim();
    } catch {
      return null;
    }
  })();
  return {
    cpu: os.cpus()[0]?.model.trim() ?? 'unknown',
    threads,
    memoryGb: Math.round(os.totalmem() / 2 ** 30),
    node: process.version,
    commit,
  };
}

/** Writes a file whole or not at all. */
export function write(path, content) {
  writeFileSync(path + '.tmp', content);
  renameSync(path + '.tmp', path);
}
