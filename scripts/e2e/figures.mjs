/* global document, getComputedStyle -- inside page.evaluate */
// What a reader does with a figure: points at a mark, isolates a site by its key, takes the picture along.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { endKernels, place } from './lab.mjs';
import { pathOf, writeNotebook } from './made.mjs';
import { open, runAll } from './notebook.mjs';

const figure = '.js-plotly-plot';

/** The text that shows while the mouse is on the last mark. A busy machine draws late: the mouse comes again. */
async function hover(page, plot) {
  const mark = plot.locator('.scatterlayer .point').last();
  const text = plot.locator('.hoverlayer .hovertext').first();
  for (let tries = 0; tries < 20; tries++) {
    await mark.scrollIntoViewIfNeeded();
    const { x, y, width, height } = await mark.boundingBox();
    await page.mouse.move(x - 40, y - 40);
    await page.mouse.move(x + width / 2, y + height / 2, { steps: 4 });
    await page.waitForTimeout(1000);
    if (await text.isVisible()) return (await text.textContent()) ?? '';
  }
  return 'nothing';
}

/** How many marks are seen, of how many. */
const marks = (plot) =>
  plot.evaluate((element) => [
    element.querySelectorAll('.scatterlayer .point').length,
    element.data.filter(({ visible }) => visible === 'legendonly').length,
  ]);

/** Marks that are left after a click on the last key of a site, and how many traces that hides. */
async function isolate(page, plot) {
  const [before] = await marks(plot);
  const key = plot.locator('.legend .groups .traces .legendtoggle').last();
  await key.click({ force: true });
  await page.waitForTimeout(1200); // Plotly waits for a second click
  const [after, hidden] = await marks(plot);
  await key.click({ force: true });
  await page.waitForTimeout(1200);
  const [again] = await marks(plot);
  return { before, after, hidden, again };
}

/** Bytes of the picture that the bar above the figure saves. */
async function download(page, plot) {
  await plot.hover();
  const [file] = await Promise.all([
    page.waitForEvent('download', { timeout: 60_000 }),
    plot.locator('.modebar-btn[data-title^="Download"]').first().click({ force: true }),
  ]);
  return readFileSync(await file.path());
}

/** Faults of the last figure of the open notebook. */
export async function figureFaults(page) {
  const plot = page.locator(figure).last();
  const faults = [];
  const text = await hover(page, plot);
  if (!/parameters.*seed/s.test(text)) faults.push(`pointing at a mark says "${text}"`);
  const seen = await isolate(page, plot);
  if (!(seen.after > 0 && seen.after < seen.before && seen.hidden > 0 && seen.again === seen.before))
    faults.push(`a click on a key leaves ${JSON.stringify(seen)} marks`);
  const bytes = await download(page, plot);
  if (bytes.subarray(1, 4).toString() !== 'PNG' && !bytes.includes('<svg')) faults.push('what is saved is no picture');
  return { faults, text, seen, bytes: bytes.length };
}

/** Whether anything that is drawn reaches beyond the window. */
export const widths = (page) =>
  page.evaluate(() => ({ window: document.documentElement.clientWidth, page: document.documentElement.scrollWidth }));

const cells = [
  `import { existingMethods, parameterScore, resultsOf, show } from './src/index';
await show(parameterScore(resultsOf(existingMethods('quick'))));`,
];

/** Pixels below which the words of a figure cannot be read. */
const leastWide = 620;

/** Of one figure: how wide it is drawn, what it is called, its rows and its scale. */
const standing = (plot) =>
  plot.evaluate((element) => ({
    drawn: element.querySelector('.svg-container').getBoundingClientRect().width,
    seen: element.getBoundingClientRect().width,
    gap:
      (element.nextElementSibling?.getBoundingClientRect().top ?? 0) -
      element.querySelector('.svg-container').getBoundingClientRect().bottom,
    made: element.layout.width,
    scrolls: ((place) => place.scrollWidth > place.clientWidth && getComputedStyle(place).overflowX === 'auto')(
      element.parentElement,
    ),
    words: element.getAttribute('aria-label') ?? '',
    summary: element.nextElementSibling?.querySelector('summary')?.textContent ?? '',
    scale: element.layout.xaxis.type,
    dark: getComputedStyle(element.querySelector('.plot-container')).filter,
  }));

async function rowsBelow(page) {
  await page.click('.petl-numbers summary');
  const [file] = await Promise.all([page.waitForEvent('download', { timeout: 30_000 }), page.click('.petl-numbers a')]);
  return {
    rows: await page.locator('.petl-numbers tr').count(),
    lines: readFileSync(await file.path(), 'utf8')
      .trim()
      .split('\n').length,
  };
}

/** One figure as the lab shows it: used, with its rows below it, on another scale, in narrow windows, in a dark theme. */
export async function labFigureFaults(page, server) {
  writeNotebook('figure', cells);
  await open(page, pathOf('figure'), server);
  await runAll(page);
  const plot = page.locator(figure).last();
  const { faults, ...seen } = await figureFaults(page);
  const wide = await standing(plot);
  if (!/accuracy.*rows, mean from .* to /.test(wide.words)) faults.push(`its words are "${wide.words}"`);
  if (wide.seen < wide.made || Math.abs(wide.gap) > 20)
    faults.push(`${wide.seen} of ${wide.made} px are seen, its rows ${wide.gap} px below it`);
  if (!/invert/.test(wide.dark)) faults.push('it stays light in a dark theme');
  const { rows, lines } = await rowsBelow(page);
  if (!(rows > 2 && rows === lines && wide.summary.includes(String(rows - 1))))
    faults.push(`${rows} rows, ${lines} lines, "${wide.summary}"`);
  await plot.locator('.updatemenu-button').last().click({ force: true });
  await page.waitForTimeout(500);
  if ((await standing(plot)).scale !== 'linear') faults.push('its scale stays as it was');
  await page.screenshot({ path: join(place, 'figure-linear.png') });
  await plot.locator('.updatemenu-button').first().click({ force: true });
  for (const width of [940, 500, 330]) {
    await page.setViewportSize({ width, height: 900 });
    await page.waitForTimeout(1500);
    const { drawn, made, gap, scrolls } = await standing(plot);
    if (!(drawn < made && drawn > leastWide - 1 && (drawn <= width || scrolls)))
      faults.push(`in a window of ${width} px it is ${drawn} px wide and ${scrolls ? 'scrolls' : 'does not scroll'}`);
    if (Math.abs(gap) > 20) faults.push(`in a window of ${width} px its rows are ${gap} px below it`);
    await page.screenshot({ path: join(place, `figure-${width}.png`) });
  }
  if (!/TypeScript kernel ready in \d/.test(server.said()))
    faults.push('the terminal does not say when a kernel is ready');
  await endKernels(server);
  return { faults, ...seen };
}
