// What the measurements of the bank and of span maps share.
import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { root, write } from './host.mjs';

const require = createRequire(import.meta.url);
let build;

/** A module of the newest build of src; the first call makes one. */
export function load(path) {
  build ??= newest();
  return require(join(build, path));
}

function newest() {
  execFileSync('node', [join(root, 'bin/petl.cjs'), 'models'], { stdio: 'ignore' });
  const builds = join(root, '.cache', 'build');
  const [first] = readdirSync(builds)
    .map((name) => join(builds, name))
    .filter((folder) => statSync(folder).isDirectory())
    .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  return first;
}

export function option(name, usual) {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? usual : process.argv[at + 1];
}

/** To `--out`, or to standard output alone. */
export function report(value) {
  const text = `${JSON.stringify(value, null, 1)}\n`;
  const out = option('out');
  if (out !== undefined) write(out, text);
  process.stdout.write(text);
}
