/* global document -- inside page.evaluate */
// Training in a notebook: interrupted and run again, its tab closed and opened again, and two notebooks on one study.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { endKernels, place } from './lab.mjs';
import { pathOf, writeNotebook } from './made.mjs';
import { begin, menu, open, runAll, settled, shown } from './notebook.mjs';

/** PETL_RESULTS of the kernels. */
export const results = join(place, 'results');
const names = ['first', 'second'];

const cells = [
  `import { classificationTask, defineStudy, resultTable, showTable, train } from './src/index';`,
  `const words = { up: ['lovely', 'moving', 'funny', 'clever', 'warm', 'fresh'], down: ['dull', 'clumsy', 'tired', 'hollow', 'noisy', 'endless'] };
const parts = 'plot cast music ending dialogue pace camera script humour mood story opening'.split(' ');
const rows = Object.entries(words).flatMap(([label, list]) => list.flatMap((word) => parts.map((part) => ({ text: \`The \${part} is \${word}.\`, label }))));
const task = classificationTask({ name: 'tried', rows, text: 'text', label: 'label' });
const training = { epochs: 72, batch: 8, maxLength: 16 };
const study = defineStudy({ name: 'tried', task, model: 'minilm-l6', methods: ['lora:r=4'], seeds: [1, 2], training, rate: 0.001 });`,
  `void await train(study, 'lora:r=4');`,
  `showTable(resultTable(study));`,
];

/** Waits until the page's outputs have words. */
async function says(page, words, timeout = 300_000) {
  await page.waitForFunction(
    (source) =>
      new RegExp(source).test(
        [...document.querySelectorAll('.jp-OutputArea-output')].map((one) => one.innerText).join('\n'),
      ),
    words.source,
    { timeout, polling: 250 },
  );
}

const runsOnDisk = () => readdirSync(results, { recursive: true }).filter((name) => /tried\/[^/.]+\.jsonl$/.test(name));

/** Steps as the live bar tells them. */
const training = /\b[1-9]\d*\/\d+/;

async function interrupted(page, server) {
  await open(page, pathOf('first'), server);
  await begin(page);
  await says(page, training);
  await menu(page, 'Kernel', 'Interrupt Kernel');
  await says(page, /Interrupted: .*kept; run the cell again/, 60_000);
  await settled(page, 60_000);
  await page.screenshot({ path: join(place, 'interrupted.png') });
  const before = await shown(page);
  return /stopped at/.test(before) ? [] : [`an interrupted cell does not say where it stopped:\n${before}`];
}

/** The first goes on from where it stopped; while it trains a second notebook asks for the same, and its tab is closed. */
async function together(pages, server) {
  const [first, second] = pages;
  await open(second, pathOf('second'), server); // its kernel is ready before the first trains: that takes seconds
  await begin(first);
  await says(first, /goes on|from step|going on/);
  await first.screenshot({ path: join(place, 'again.png') });
  await begin(second);
  await says(second, /in the hands of .*waiting for it/);
  await second.screenshot({ path: join(place, 'second.png') });
  await first.close();
  await settled(second);
  return /waiting for it/.test(await shown(second)) ? [] : ['the second notebook does not say that it waits'];
}

async function back(page, server) {
  const kernel = await open(page, pathOf('first'), server);
  const began = performance.now();
  await runAll(page);
  const seconds = (performance.now() - began) / 1000;
  const text = await shown(page);
  await page.screenshot({ path: join(place, 'back.png') });
  return {
    faults: [
      ...(kernel === undefined ? ['its kernel has ended with the tab'] : []),
      ...(/\b\d+\/\d+\b.*left/.test(text) ? ['what was trained is trained again'] : []),
    ],
    seconds,
    text,
  };
}

const table = (text) => text.slice(text.lastIndexOf('tried'));

/** @returns faults, and what came out */
export async function trainingFaults(browser, server, viewport) {
  for (const name of names) writeNotebook(name, cells);
  const [first, second, third] = await Promise.all(names.concat('third').map(() => browser.newPage({ viewport })));
  const faults = await interrupted(first, server);
  const { id } = (await open(first, pathOf('first'), server)) ?? {};
  faults.push(...(await together([first, second], server)));
  const again = await back(third, server);
  faults.push(...again.faults);
  const [mine, theirs] = [table(again.text), table(await shown(second))];
  if (mine !== theirs) faults.push(`two notebooks show different tables:\n${mine}\n${theirs}`);
  const runs = runsOnDisk();
  if (runs.length !== 2) faults.push(`${runs.length} runs of two on disk: ${runs.join(', ')}`);
  await Promise.all([second.close(), third.close()]);
  await endKernels(server);
  return { faults, seconds: again.seconds, id };
}
