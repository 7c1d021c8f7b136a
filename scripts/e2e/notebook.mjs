/* global document -- inside page.evaluate */
// What a reader does with a notebook in JupyterLab.
import { execFileSync } from 'node:child_process';
import { kernelOf, pause, root } from './lab.mjs';

/** Opens a notebook by itself and waits until the page speaks to its kernel: what is run before that is forgotten. */
export async function open(page, path, server) {
  await page.goto(`${server.url}/doc/tree/${path}?token=${server.token}`, { timeout: 120_000 });
  await page.waitForSelector('.jp-Notebook .jp-CodeCell', { timeout: 120_000 });
  for (let tries = 0; tries < 480; tries++) {
    const kernel = await kernelOf(path, server);
    if (kernel !== undefined && kernel.connections > 0 && kernel.execution_state !== 'starting') return kernel;
    await pause(250);
  }
  throw new Error(`${path} had no kernel within 120 s`);
}

export async function menu(page, name, entry) {
  await page.click(`.lm-MenuBar-itemLabel:text-is("${name}")`);
  await page.click(`.lm-Menu-itemLabel:text-is("${entry}")`);
}

/** Asks for all cells and does not wait. */
export async function begin(page) {
  await page.click('.jp-Notebook .jp-Cell >> nth=0');
  await menu(page, 'Run', 'Run All Cells');
  await page.waitForTimeout(500);
}

/** Waits until no cell is waiting or running. */
export async function settled(page, timeout = 600_000) {
  await page.waitForFunction(
    () => ![...document.querySelectorAll('.jp-InputPrompt')].some((prompt) => prompt.textContent.includes('*')),
    undefined,
    { timeout, polling: 250 },
  );
}

/** Runs all cells; seconds until the last has ended. */
export async function runAll(page) {
  const began = performance.now();
  await begin(page);
  await settled(page);
  const seconds = (performance.now() - began) / 1000;
  await page.waitForTimeout(1500); // figures are drawn after their cell has ended
  return seconds;
}

/** Saves as a user does, and waits until the file is written and JupyterLab's hook is through. */
export async function save(page) {
  const written = page.waitForResponse(
    (answer) => answer.request().method() === 'PUT' && answer.url().includes('/api/contents/'),
    { timeout: 60_000 },
  );
  await menu(page, 'File', 'Save Notebook');
  await written;
  await page.waitForSelector('.lm-TabBar-tab.jp-mod-dirty', { state: 'detached', timeout: 60_000 }); // a save of before
}

/** What git says of a file: nothing where it is unchanged. */
export const changes = (path) =>
  execFileSync('git', ['status', '--porcelain', '--', path], { cwd: root, encoding: 'utf8' }).trim();

export async function look(page) {
  return await page.evaluate(() => ({
    cells: document.querySelectorAll('.jp-CodeCell').length,
    run: [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].filter(({ textContent }) =>
      /\d/.test(textContent),
    ).length,
    errors: [...document.querySelectorAll('[data-mime-type="application/vnd.jupyter.stderr"]')].map((output) =>
      output.textContent.slice(0, 500),
    ),
    figures: document.querySelectorAll('.js-plotly-plot .main-svg:first-child').length,
    tables: document.querySelectorAll('.jp-OutputArea-output table').length,
  }));
}

/** All that the code cells show, as text. */
export const shown = (page) =>
  page.evaluate(() => [...document.querySelectorAll('.jp-OutputArea-output')].map((one) => one.innerText).join('\n'));

/** Every cell of the notebook on one picture. */
export async function picture(page, path) {
  const height = await page.evaluate(() => {
    const cells = [...document.querySelectorAll('.jp-Notebook .jp-Cell')];
    const bottom = Math.max(...cells.map((cell) => cell.getBoundingClientRect().bottom));
    return bottom - Math.min(...cells.map((cell) => cell.getBoundingClientRect().top)) + 160;
  });
  const before = page.viewportSize();
  await page.setViewportSize({ width: before.width, height: Math.min(16_000, Math.ceil(height)) });
  await page.evaluate(() => {
    for (const panel of document.querySelectorAll('.jp-WindowedPanel-outer')) panel.scrollTop = 0;
  });
  await page.waitForTimeout(1500);
  await page.screenshot({ path });
  await page.setViewportSize(before);
}
