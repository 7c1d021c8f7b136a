// The lab in a real Chromium: every notebook run, figures used, training interrupted and taken up again, the page of
// results read; before it, exported files in the programs that they are for. Pictures lie in .cache/e2e.
//   npm run e2e                      everything
//   npm run e2e -- notebooks/00-start-here.ipynb training report   parts of it
//   npm run e2e -- --write           keeps the notebooks' minutes, a kernel's start and the report's first paint
//                                    (results/lab/minutes.json)
// Where there is no Chromium or Chrome on the PATH or in $CHROME, one line says so.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { browserPath, launch } from './e2e/browser.mjs';
import { labFigureFaults } from './e2e/figures.mjs';
import { place, root, startLab } from './e2e/lab.mjs';
import { kept, readySeconds } from './e2e/minutes.mjs';
import { all, notebookFaults } from './e2e/notebooks.mjs';
import { programFaults } from './e2e/programs.mjs';
import { reportFaults } from './e2e/report.mjs';
import { contentsFaults } from './e2e/contents.mjs';
import { results, trainingFaults } from './e2e/training.mjs';

const asked = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const own = 'notebooks/your-ablation.ipynb';
const wants = (name) => asked.length === 0 || asked.includes(name);
// Wide enough for a figure of two panels.
const viewport = { width: 1400, height: 1000 };
let browser;
let failed = 0;
const took = {};
let said = ''; // by all servers
let report;

function say(name, { faults, ...seen }) {
  failed += faults.length > 0 ? 1 : 0;
  console.log(`${faults.length === 0 ? 'ok  ' : 'FAIL'} ${name}: ${JSON.stringify(seen)}`);
  for (const fault of faults) console.log(`     ${fault.replaceAll('\n', '\n     ')}`);
}

/** An error of a part is its fault: the parts after it are still tried. */
async function part(name, work) {
  if (!wants(name)) return;
  const came = await work().catch(async (error) => {
    const pages = browser.contexts().flatMap((context) => context.pages());
    for (const [i, page] of pages.entries()) await page.screenshot({ path: join(place, `fault-${i}.png`) });
    return { faults: [error.message] };
  });
  say(name, came);
  if (came.faults.length === 0 && came.seconds > 0) took[basename(name, '.ipynb')] = Number(came.seconds.toFixed(1));
}

/** What the contents page of the notebooks says of their times; those of a few notebooks join the others. */
function keepMinutes() {
  const path = join(root, 'results', 'lab', 'minutes.json');
  const before = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
  const names = all().map((file) => basename(file, '.ipynb'));
  mkdirSync(dirname(path), { recursive: true });
  const now = kept(before, { names, took, kernel: readySeconds(said), report });
  writeFileSync(path, `${JSON.stringify(now, null, 1)}\n`);
  const { status } = spawnSync(process.execPath, [join(root, 'scripts', 'readme.mjs')], { stdio: 'inherit' });
  if (status !== 0) failed += 1;
}

async function withLab(parts, options, work) {
  if (!parts.some(wants)) return;
  const server = await startLab(options);
  try {
    await work(server);
  } finally {
    said += server.said();
    await server.stop();
  }
}

if (wants('programs')) say('programs', programFaults());
if (browserPath() === undefined) {
  console.log('skipped: no Chromium here (Debian: apt-get install chromium, or set CHROME to its path)');
} else {
  mkdirSync(place, { recursive: true });
  browser = await launch();
  const reference = { PETL_QUICK_RESULTS: join(root, 'results', 'reference', 'quick') };
  const others = all().filter((path) => path !== own);
  await withLab(['contents', ...others], { env: reference }, async (server) => {
    const page = await browser.newPage({ viewport });
    await part('contents', () => contentsFaults(page, server));
    for (const path of others) await part(path, () => notebookFaults(page, path, server));
    await page.close();
  });
  await withLab(['figure'], { env: reference, theme: 'JupyterLab Dark' }, async (server) => {
    const page = await browser.newPage({ viewport });
    await part('figure', () => labFigureFaults(page, server));
    await page.close();
  });
  // What these train is made anew each time, and apart from a user's own runs.
  rmSync(results, { recursive: true, force: true });
  await withLab([own, 'training'], { env: { PETL_RESULTS: results } }, async (server) => {
    const page = await browser.newPage({ viewport });
    await part(own, () => notebookFaults(page, own, server));
    await page.close();
    await part('training', () => trainingFaults(browser, server, viewport));
  });
  await part('report', async () => {
    const file = join(place, 'report.html');
    const made = spawnSync(process.execPath, [join(root, 'bin', 'petl.cjs'), 'report', '--out', file], {
      encoding: 'utf8',
    });
    if (made.status !== 0) throw new Error(made.stderr);
    const came = await reportFaults(browser, file);
    if (came.faults.length === 0 && came.paint > 0) report = came;
    return came;
  });
  await browser.close();
  if (readySeconds(said) !== undefined) console.log(`a kernel is ready in ${readySeconds(said)} s (median)`);
  if (process.argv.includes('--write')) keepMinutes();
  console.log(failed === 0 ? 'all fine' : `${failed} with faults`);
}
process.exitCode = failed > 0 ? 1 : 0;
