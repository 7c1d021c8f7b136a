/* global document -- inside page.evaluate */
// What `npm run lab` opens on: the contents page, with a picture of each notebook, from which one is opened.
import { join } from 'node:path';
import { place } from './lab.mjs';

export async function contentsFaults(page, server) {
  await page.goto(`${server.url}/lab/tree/notebooks/README.md?token=${server.token}&reset`, { timeout: 120_000 });
  await page.waitForSelector('.jp-MarkdownViewer h1', { timeout: 120_000 });
  await page.waitForFunction(
    () => [...document.querySelectorAll('.jp-MarkdownViewer img')].every(({ complete }) => complete),
    undefined,
    { timeout: 60_000 },
  );
  const seen = await page.evaluate(() => {
    const images = [...document.querySelectorAll('.jp-MarkdownViewer img')];
    return {
      notebooks: document.querySelectorAll('.jp-MarkdownViewer h2').length,
      pictures: images.length,
      broken: images.filter(({ naturalWidth }) => naturalWidth === 0).length,
    };
  });
  await page.screenshot({ path: join(place, 'contents.png') });
  const faults =
    seen.pictures > 0 && seen.broken === 0 ? [] : [`${seen.broken} of ${seen.pictures} pictures are missing`];
  await page.click('.jp-MarkdownViewer h2 a:not(.jp-InternalAnchorLink) >> nth=-1');
  await page.waitForSelector('.jp-Notebook', { timeout: 60_000 }).catch(() => {
    faults.push('a link of the contents page opens no notebook');
  });
  return { faults, ...seen };
}
