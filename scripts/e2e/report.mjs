/* global document, window, performance -- inside page.evaluate */
// The page of all results, from disk: small enough to send, filtered and sorted, a run opened, at three widths, light and dark.
import { readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { widths } from './figures.mjs';
import { place } from './lab.mjs';

/** One file, to be mailed and opened at once. */
const mostBytes = 3_000_000;

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

async function used(page) {
  const rows = page.locator('#runs tbody tr:visible');
  const every = await rows.count();
  await page.fill('#runs input[type=search]', 'lora sentiment');
  const found = await rows.count();
  const faults = found > 0 && found < every ? [] : [`a filter leaves ${found} of ${every} runs`];
  await page.locator('#runs th button').nth(2).click();
  const methods = await rows.locator('td:nth-child(3)').allTextContents();
  if (methods.join() !== [...methods].sort((a, b) => a.localeCompare(b)).join()) faults.push('sorted runs are not');
  await page.screenshot({ path: join(place, 'report-filtered.png') });
  await rows.first().locator('button').click();
  const told = await page.locator('#run dl').innerText();
  if (!/seed/.test(told)) faults.push(`a run opens to "${told}"`);
  await page.screenshot({ path: join(place, 'report-run.png') });
  await page.keyboard.press('Escape');
  if (await page.locator('#run').isVisible()) faults.push('a run does not close by the keyboard');
  return faults;
}

async function accessible(page) {
  await page.evaluate(axe);
  const found = await page.evaluate(async () => (await window.axe.run(document)).violations);
  return found
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `axe: ${id}, ${nodes[0]?.html.slice(0, 200)}`);
}

/** @returns faults, the file's bytes, and milliseconds to the first paint: recorded, no fault, as times are of a machine */
export async function reportFaults(browser, file) {
  const page = await browser.newPage({ viewport: { width: 940, height: 900 } });
  await page.goto(pathToFileURL(file).href);
  const paint = await page.evaluate(
    () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Number.NaN,
  );
  const { size: bytes } = statSync(file);
  const faults = await used(page);
  if (bytes >= mostBytes) faults.push(`the page has ${bytes} bytes: below ${mostBytes} are allowed`);
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    faults.push(...(await accessible(page)).map((fault) => `${colorScheme}: ${fault}`));
    for (const width of [330, 500, 940]) {
      await page.setViewportSize({ width, height: 900 });
      const { window: room, page: wide } = await widths(page);
      if (wide > room) faults.push(`${colorScheme}, ${width} px: the page is ${wide} px wide`);
      await page.screenshot({ path: join(place, `report-${colorScheme}-${width}.png`) });
      await page.locator('figure').first().scrollIntoViewIfNeeded();
      await page
        .locator('figure')
        .first()
        .screenshot({ path: join(place, `report-figure-${colorScheme}-${width}.png`) });
    }
  }
  await page.close();
  return { faults, bytes, paint };
}
