// Writes the parts of README.md between its markers from result files, so that no number there is typed.
//   node scripts/readme.mjs           draws the first figure and writes README.md
//   node scripts/readme.mjs --check   fails where README.md is not what the committed files give
import { readFileSync } from 'node:fs';
import { counts, notebooks } from './readme/catalogue.mjs';
import { compute, design, repeats, verdicts } from './readme/findings.mjs';
import { at, writeWhole } from './readme/lab.mjs';
import { base, generation, precision, speed } from './readme/measured.mjs';
import { drawStart, start } from './readme/start.mjs';

const parts = { start, counts, speed, precision, generation, base, notebooks, verdicts, design, repeats, compute };

/** The page with every part between its markers made anew. */
function rendered(page) {
  return Object.entries(parts).reduce((text, [name, make]) => {
    const [begin, end] = [`<!-- begin ${name}: made by scripts/readme.mjs -->`, `<!-- end ${name} -->`];
    const [from, to] = [text.indexOf(begin), text.indexOf(end)];
    if (from < 0 || to < from) throw new Error(`README.md lacks the markers of "${name}"`);
    return `${text.slice(0, from + begin.length)}\n${make()}\n${text.slice(to)}`;
  }, page);
}

const check = process.argv.includes('--check');
if (!check) await drawStart();
const before = readFileSync(at('README.md'), 'utf8');
const after = rendered(before);
if (!check) writeWhole(at('README.md'), after);
else if (before !== after) {
  console.error('README.md is not what the result files give: node scripts/readme.mjs');
  process.exitCode = 1;
}
