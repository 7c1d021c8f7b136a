// Writes the parts of README.md, docs/voices.md and docs/many-tasks.md between their markers from result files, so that no
// number there is typed.
//   node scripts/readme.mjs           draws the first figure and the notebooks' pictures, writes the pages and that of contents
//   node scripts/readme.mjs --check   fails where a page is not what the committed files give
import { readFileSync } from 'node:fs';
import { bank } from './readme/bank.mjs';
import { counts, notebooks } from './readme/catalogue.mjs';
import { contents, contentsPage, drawPictures } from './readme/contents.mjs';
import { compute, design, repeats, verdicts } from './readme/findings.mjs';
import { at, writeWhole } from './readme/lab.mjs';
import { base, generation, precision, speed } from './readme/measured.mjs';
import { drawStart, start } from './readme/start.mjs';
import { served } from './readme/voices.mjs';

/** Each page with what stands between its markers. */
const pages = {
  'README.md': { start, counts, speed, precision, generation, base, notebooks, verdicts, design, repeats, compute },
  'docs/voices.md': { served },
  'docs/many-tasks.md': { bank },
};

/** A page with every part between its markers made anew. */
function rendered(name, parts) {
  return Object.entries(parts).reduce(
    (text, [part, make]) => {
      const [begin, end] = [`<!-- begin ${part}: made by scripts/readme.mjs -->`, `<!-- end ${part} -->`];
      const [from, to] = [text.indexOf(begin), text.indexOf(end)];
      if (from < 0 || to < from) throw new Error(`${name} lacks the markers of "${part}"`);
      return `${text.slice(0, from + begin.length)}\n${make()}\n${text.slice(to)}`;
    },
    readFileSync(at(name), 'utf8'),
  );
}

const check = process.argv.includes('--check');
if (!check) {
  await drawStart();
  drawPictures();
}
const made = [
  ...Object.entries(pages).map(([name, parts]) => [name, rendered(name, parts)]),
  [contentsPage, contents()],
];
for (const [name, after] of made) {
  if (!check) writeWhole(at(name), after);
  else if (readFileSync(at(name), 'utf8') !== after) {
    console.error(`${name} is not what the committed files give: node scripts/readme.mjs`);
    process.exitCode = 1;
  }
}
