// `npm test`: every check of the project, one line each; the last line counts what passed and what failed.
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { twoAtATime } from './lanes.mjs';

const { spawnTied, whenAbandoned } = createRequire(import.meta.url)('../bin/processes.cjs');
const root = resolve(fileURLToPath(import.meta.url), '..', '..');
const report = join(root, '.cache', 'vitest.json');
const tool = (...path) => join(root, 'node_modules', ...path);

/** What only reads: two at a time. */
const readings = [
  // By its path: tslab brings an older compiler that may own the name tsc.
  { name: 'types', args: [tool('typescript', 'bin', 'tsc')] },
  { name: 'types in notebooks', args: ['scripts/check-notebooks.mjs'] },
  { name: 'lint', args: [tool('eslint', 'bin', 'eslint.js'), '.', '--max-warnings=0'] },
  { name: 'format', args: [tool('prettier', 'bin', 'prettier.cjs'), '--check', '.'] },
  {
    name: 'rooms',
    args: [tool('dependency-cruiser', 'bin', 'dependency-cruise.mjs'), '--config', '.dependency-cruiser.cjs', 'src'],
  },
  { name: 'mutants', args: ['scripts/mutants.mjs', '--check'] },
];

/** What computes, and takes both cores itself. */
const computing = [
  {
    name: 'unit tests',
    args: [tool('vitest', 'vitest.mjs'), 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`],
    count: unitTests,
  },
  { name: 'notebooks', args: ['scripts/notebooks.mjs', '--check'] },
];

function run(args) {
  return new Promise((done) => {
    const child = spawnTied(process.execPath, args, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NO_COLOR: '1' },
    });
    let output = '';
    child.stdout.on('data', (data) => {
      output += data;
    });
    child.stderr.on('data', (data) => {
      output += data;
    });
    child.on('error', (error) => done({ fine: false, output: error.message }));
    child.on('close', (code) => done({ fine: code === 0, output }));
  });
}

/** Single tests, and one failure more when the run failed in some other way, such as a file that cannot be loaded. */
function unitTests(fine) {
  if (!existsSync(report)) return { passed: 0, failed: 1 };
  const { numPassedTests: passed, numFailedTests, success } = JSON.parse(readFileSync(report, 'utf8'));
  const failed = numFailedTests === 0 && !(fine && success) ? 1 : numFailedTests;
  return { passed, failed };
}

const total = { passed: 0, failed: 0 };

/** Runs a step and says how it ended. */
async function check({ name, args, count }) {
  const began = performance.now();
  const { fine, output } = await run(args);
  const { passed, failed } = count?.(fine) ?? { passed: Number(fine), failed: Number(!fine) };
  total.passed += passed;
  total.failed += failed;
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(
    `${failed === 0 ? 'ok  ' : 'FAIL'} ${name.padEnd(20)}${`${seconds} s`.padStart(8)}${count ? `  ${passed} passed` : ''}`,
  );
  if (failed > 0) console.log(output.trimEnd().replaceAll(/^/gm, '     '));
}

whenAbandoned(() => process.exit(130));
mkdirSync(join(root, '.cache'), { recursive: true });
rmSync(report, { force: true });
await twoAtATime(readings, check);
for (const step of computing) await check(step);
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed > 0 ? 1 : 0;
