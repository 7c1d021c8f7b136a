// `npm run test:studies`: every study at tier quick, from nothing, in a folder of its own. One line a study; the last
// one counts.
//   node scripts/test-studies.mjs [STUDY...]
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(fileURLToPath(import.meta.url), '..', '..');
const results = join(root, '.cache', 'test-studies');
const bin = join(root, 'bin', 'petl.cjs');

function petl(args) {
  return new Promise((done) => {
    const child = spawn(process.execPath, [bin, ...args], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, PETL_RESULTS: results },
    });
    const said = { out: '', err: '' };
    child.stdout.on('data', (data) => {
      said.out += data;
    });
    child.stderr.on('data', (data) => {
      said.err += data;
    });
    child.on('close', (code) => done({ code, ...said }));
  });
}

/** What is wrong with a finished command's report, if anything: runs that failed, or scores that are no numbers. */
function faultOf({ code, out, err }) {
  if (code !== 0)
    return (
      err
        .trim()
        .split('\n')
        .filter((line) => /failed|error/i.test(line))
        .join('\n') || `exit code ${code}`
    );
  const { failed, rows } = JSON.parse(out);
  if (failed.length > 0) return failed.map(({ label, message }) => `${label}: ${message}`).join('\n');
  if (rows.length === 0) return 'no run has a score';
  const wrong = rows.filter(({ score }) => !Number.isFinite(score));
  return wrong.length > 0 ? `no score: ${wrong.map(({ label }) => label).join(', ')}` : undefined;
}

// The paper's own tasks need data that set-up does not bring.
const all = JSON.parse((await petl(['studies', '--json'])).out)
  .map(({ name }) => name)
  .filter((name) => !name.startsWith('original-'));
const chosen = process.argv.length > 2 ? process.argv.slice(2) : all;
rmSync(results, { recursive: true, force: true });
/** What a study lacks that comes on request alone: data of 358 MB, or texts of a teacher. */
const lacking = (fault) => /npx petl (fetch bigbench|teacher RUN)/.exec(fault ?? '')?.[0];
let [failures, skipped] = [0, 0];
if (chosen.some((name) => /reader|gate/.test(name))) {
  const { code, err } = await petl(['index', 'verses']); // what readers look questions up in
  if (code !== 0) console.log(`FAIL index verses\n     ${err.trim().split('\n').pop()}`);
}
for (const name of chosen) {
  const began = performance.now();
  const ended = await petl(['study', name, '--tier', 'quick', '--json']);
  const fault = faultOf(ended);
  const lacks = lacking(fault);
  if (lacks !== undefined) {
    skipped += 1;
    console.log(`skip ${name.padEnd(26)} asks for ${lacks}`);
    continue;
  }
  if (fault !== undefined) failures += 1;
  const counts = fault === undefined ? JSON.parse(ended.out) : undefined;
  const seconds = ((performance.now() - began) / 1000).toFixed(0);
  console.log(
    `${fault === undefined ? 'ok  ' : 'FAIL'} ${name.padEnd(26)}${`${seconds} s`.padStart(7)}${counts ? `  ${counts.finished} runs, ${counts.reused} shared` : ''}`,
  );
  if (fault !== undefined) console.log(fault.replaceAll(/^/gm, '     '));
}
console.log(`${chosen.length - failures - skipped} passed, ${failures} failed, ${skipped} skipped`);
process.exitCode = failures > 0 ? 1 : 0;
