/* global document -- inside page.evaluate */
// What a reader does with a figure: points at a mark, isolates a site by its key, takes the picture along.
import { readFileSync } from 'node:fs';

const figure = '.js-plotly-plot';

/** The text that shows while the mouse is on a mark of the n-th trace that has marks. */
async function hover(page, plot) {
  const mark = plot.locator('.scatterlayer .point').last();
  await mark.scrollIntoViewIfNeeded();
  const { x, y, width, height } = await mark.boundingBox();
  await page.mouse.move(x + width / 2 - 3, y + height / 2);
  await page.mouse.move(x + width / 2, y + height / 2, { steps: 3 });
  const text = plot.locator('.hoverlayer .hovertext');
  await text.first().waitFor({ timeout: 15_000 });
  return (await text.first().textContent()) ?? '';
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
