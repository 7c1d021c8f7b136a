/* global document -- inside page.evaluate */
// Opens a notebook in a real JupyterLab in headless Chromium, runs all cells, saves it, asks git whether that changed
// it, looks at what is drawn and takes a picture.
//   npm run test:lab [-- notebooks/00-start-here.ipynb]
// Needs a Chromium or Chrome on the PATH (or in $CHROME) and is no part of `npm test`.
import { execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { basename, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const root = resolve(fileURLToPath(import.meta.url), '..', '..');
const notebook = resolve(process.argv[2] ?? join(root, 'notebooks', '00-start-here.ipynb'));
const pictures = join(root, '.cache', 'lab');
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

function browserPath() {
  if (process.env.CHROME) return process.env.CHROME;
  for (const name of ['chromium', 'chromium-browser', 'google-chrome', 'chrome']) {
    try {
      return execFileSync('which', [name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    } catch {
      /* the next name */
    }
  }
  console.error('no Chromium found: install it (Debian: apt-get install chromium) or set CHROME to its path');
  process.exit(2);
}

function freePort() {
  return new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

/** JupyterLab as `npm run lab` starts it. */
async function startLab() {
  const [port, token] = [await freePort(), randomUUID()];
  const args = [
    join(root, 'scripts', 'lab.mjs'),
    '--no-browser',
    '--ServerApp.ip=127.0.0.1',
    `--ServerApp.port=${port}`,
    `--IdentityProvider.token=${token}`,
  ];
  const lab = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  lab.stderr.on('data', (data) => {
    said = (said + data).slice(-3000);
  });
  const url = `http://127.0.0.1:${port}`;
  for (let tries = 0; tries < 240; tries++) {
    if (lab.exitCode !== null) throw new Error(`JupyterLab ended: ${said}`);
    const answer = await fetch(`${url}/api/status?token=${token}`).catch(() => undefined);
    if (answer?.ok) return { lab, url, token };
    await new Promise((done) => {
      setTimeout(done, 250);
    });
  }
  lab.kill('SIGTERM');
  throw new Error(`JupyterLab did not answer within 60 s: ${said}`);
}

/** Waits until the page speaks to its kernel: what is run before that is forgotten. */
async function connected({ url, token }) {
  for (let tries = 0; tries < 240; tries++) {
    const kernels = await (await fetch(`${url}/api/kernels?token=${token}`)).json();
    if (kernels.some(({ connections, execution_state: state }) => connections > 0 && state === 'idle')) return;
    await new Promise((done) => {
      setTimeout(done, 250);
    });
  }
  throw new Error('the notebook had no kernel within 60 s');
}

/** Runs all cells by the menu's command and waits until no cell is waiting or running. */
async function runAll(page, server) {
  await page.waitForSelector('.jp-Notebook .jp-CodeCell', { timeout: 60_000 });
  await connected(server);
  await page.click('.jp-Notebook .jp-Cell >> nth=0');
  await page.click('.lm-MenuBar-itemLabel:text-is("Run")');
  await page.click('.lm-Menu-itemLabel:text-is("Run All Cells")');
  await page.waitForTimeout(1000);
  await page.waitForFunction(
    () => ![...document.querySelectorAll('.jp-InputPrompt')].some((prompt) => prompt.textContent.includes('*')),
    undefined,
    { timeout: 600_000 },
  );
  await page.waitForTimeout(1500);
}

/** What git says of the notebook: nothing where it is unchanged. */
function changes() {
  return execFileSync('git', ['status', '--porcelain', '--', notebook], { cwd: root, encoding: 'utf8' }).trim();
}

/** Saves as a user does, and waits until the file is written and JupyterLab's hook is through. */
async function save(page) {
  const written = page.waitForResponse(
    (answer) => answer.request().method() === 'PUT' && answer.url().includes('/api/contents/'),
    { timeout: 60_000 },
  );
  await page.keyboard.press('Control+s');
  await written;
  await page.waitForSelector('.lm-TabBar-tab.jp-mod-dirty', { state: 'detached', timeout: 60_000 }); // a save of before
}

/** Every cell on the page at once, for one picture: JupyterLab draws only what is in view. */
async function picture(page, path) {
  for (const measure of [
    () =>
      Math.max(
        ...[...document.querySelectorAll('.jp-WindowedPanel-outer, .jp-Notebook')].map((panel) => panel.scrollHeight),
      ) + 140,
    // Now that all cells are drawn.
    () =>
      Math.max(
        ...[...document.querySelectorAll('.jp-Notebook .jp-Cell')].map((cell) => cell.getBoundingClientRect().bottom),
      ) + 60,
  ]) {
    await page.setViewportSize({ width: 1400, height: Math.min(12_000, Math.ceil(await page.evaluate(measure))) });
    await page.waitForTimeout(2500);
  }
  await page.screenshot({ path });
}

async function look(page) {
  return await page.evaluate(() => ({
    cells: document.querySelectorAll('.jp-CodeCell').length,
    run: [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].filter((prompt) =>
      /\d/.test(prompt.textContent),
    ).length,
    errors: [...document.querySelectorAll('[data-mime-type="application/vnd.jupyter.stderr"]')].map((output) =>
      output.textContent.slice(0, 500),
    ),
    figures:
      document.querySelectorAll('.js-plotly-plot .main-svg').length > 0
        ? document.querySelectorAll('.js-plotly-plot').length
        : 0,
    tables: document.querySelectorAll('.jp-OutputArea-output table').length,
  }));
}

if (!existsSync(notebook)) {
  console.error(`${notebook}: no such notebook`);
  process.exit(2);
}
const executablePath = browserPath();
mkdirSync(pictures, { recursive: true });
const { lab, url, token } = await startLab();
let browser;
try {
  browser = await chromium.launch({ executablePath, args: flags });
  // Tall: JupyterLab draws only cells in view, and a cell that is not drawn shows neither its star nor its outputs.
  const page = await browser.newPage({ viewport: { width: 1400, height: 6000 } });
  await page.goto(`${url}/doc/tree/${relative(root, notebook)}?token=${token}`, { timeout: 60_000 });
  const before = changes();
  const began = performance.now();
  await runAll(page, { url, token });
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  await save(page);
  const after = changes();
  const path = join(pictures, `${basename(notebook, '.ipynb')}.png`);
  await picture(page, path);
  const seen = await look(page);
  console.log(
    `${relative(root, notebook)}: ${seen.run} of ${seen.cells} code cells run in ${seconds} s, ${seen.figures} interactive figures, ${seen.tables} tables, ${seen.errors.length} errors`,
  );
  console.log(relative(root, path));
  for (const error of seen.errors) console.log(error);
  console.log(`git, once it is saved: ${after === '' ? 'no change' : after}`);
  process.exitCode = seen.errors.length === 0 && seen.cells > 0 && seen.run === seen.cells && after === before ? 0 : 1;
} finally {
  await browser?.close();
  const ended = new Promise((done) => {
    lab.once('exit', done);
  });
  lab.kill('SIGTERM');
  await ended;
}
