// The package as others install it: packed, unpacked in an empty folder, the README's question asked and type-checked
// there, with fewer methods and seeds. Packages and models are those that set-up has brought.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(fileURLToPath(import.meta.url), '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'petl-packed-'));

function run(command, args, options = {}) {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', cwd: folder, ...options });
  if (status !== 0) throw new Error(`${[command, ...args].join(' ')} ended with ${status}:\n${stdout}\n${stderr}`);
  return stdout;
}

/** `node_modules/petl-lab` from the archive, and beside it what it depends on. */
function install() {
  const archive = run('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: root })
    .trim()
    .split('\n')
    .pop();
  const home = join(folder, 'node_modules', 'petl-lab');
  mkdirSync(home, { recursive: true });
  run('tar', ['xzf', join(folder, archive), '--strip-components=1', '-C', home]);
  for (const name of readdirSync(join(root, 'node_modules')).filter((one) => !one.startsWith('.')))
    symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name));
  symlinkSync(join(root, 'data', 'cache'), join(home, 'data', 'cache'));
  return archive;
}

/** The block below the README's "A question of your own", made short. */
function question() {
  const page = readFileSync(join(root, 'README.md'), 'utf8');
  const [, block] = /## A question of your own\n+```ts\n(.*?)```/s.exec(page);
  const [methods, seeds, rate] = [/\['head', .*?\]/, /seeds: \[1, 2, 3\]/, /rate: 'tune'/];
  for (const part of [methods, seeds, rate]) if (!part.test(block)) throw new Error(`README: no ${part.source}`);
  return block
    .replaceAll('./src/index', 'petl-lab')
    .replace(methods, "['head', 'lora:r=8']")
    .replace(seeds, 'seeds: [1], training: { epochs: 1, maxLength: 16 }')
    .replace(rate, 'rate: 0.002');
}

try {
  const archive = install();
  const words = ['fine', 'lovely', 'clever', 'dull', 'poor', 'noisy'];
  const rows = Array.from(
    { length: 120 },
    (_, i) => `"A ${words[i % 6]} film, number ${i}.",${i % 6 < 3 ? 'up' : 'down'}`,
  );
  writeFileSync(join(folder, 'reviews.csv'), ['review,stars', ...rows, ''].join('\n'));
  writeFileSync(join(folder, 'question.mts'), question());
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const options = ['--strict', '--skipLibCheck', '--module', 'nodenext', '--target', 'es2022', '--types', 'node'];
  run(process.execPath, [compiler, ...options, 'question.mts']);
  const env = { ...process.env, PETL_RESULTS: join(folder, 'results') };
  const said = run(process.execPath, ['question.mjs'], { env });
  if (!/label: '(?:up|down)'/.test(said)) throw new Error(`no answer among:\n${said}`);
  console.log(`${archive}: the README's question was asked and answered in an empty folder`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
