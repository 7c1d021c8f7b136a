// The front page of the lab, notebooks/README.md: what each notebook shows, how long its cells take, and a picture of it.
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { papers, words } from './findings.mjs';
import { at, lab, svgPng, writeWhole } from './lab.mjs';

const folder = at('notebooks');

const names = () =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.ipynb'))
    .map((name) => name.replace('.ipynb', ''))
    .sort();

const cellsOf = (name) => JSON.parse(readFileSync(join(folder, `${name}.ipynb`), 'utf8')).cells;
const textOf = (of) => [of].flat().join('');

/** The still pictures of a notebook's figures, in their order. */
function picturesOf(cells) {
  return cells.flatMap(({ outputs = [] }) =>
    outputs.flatMap(({ data }) => (data?.['image/svg+xml'] === undefined ? [] : [textOf(data['image/svg+xml'])])),
  );
}

const pixels = 460;

/** The last figure is what a notebook comes to, but for one that waits for runs. */
export function drawPictures() {
  mkdirSync(join(folder, 'pictures'), { recursive: true });
  for (const name of names()) {
    const svg = picturesOf(cellsOf(name)).findLast((picture) => !picture.includes('not run'));
    const width = Number(/^<svg[^>]* width="([\d.]+)"/.exec(svg ?? '')?.[1]);
    if (width > 0) writeWhole(join(folder, 'pictures', `${name}.png`), svgPng(svg, pixels / width));
  }
}

const minutes = (seconds) => (seconds < 90 ? `${Math.round(seconds)} s` : `${(seconds / 60).toFixed(1)} min`);

/** A notebook's claim with whose it is, in this project's words and so unquoted, or else its first words: one sentence. */
function saysOf(cells) {
  const [, first = ''] = textOf(cells[0].source).split(/\n\s*\n/);
  const text = first.replace(/\s+/g, ' ');
  const [head = '', who = ''] =
    /^\*\*Claims?\*\* \(((?:[^()]|\([^()]*\))*?\d{4})(?:[^()]|\([^()]*\))*\): /.exec(text) ?? [];
  const said = text.slice(head.length);
  const sentence = /^.*?[.?!](?= [A-Z]|$)/.exec(said)?.[0] ?? said;
  return who === '' ? sentence : `${who}, in our words: ${sentence}`;
}

/** What came of its findings here: how many have which verdict. */
function foundOf(name, verdicts) {
  const own = verdicts.filter(({ notebook }) => notebook === `notebooks/${name}.ipynb`);
  const told = words.flatMap((word) => {
    const count = own.filter(({ verdict }) => verdict === word).length;
    return count === 0 ? [] : [`${count} ${word.replace('-', ' ')}`];
  });
  return own.length === 0
    ? ''
    : ` Of ${own.length} ${own.length === 1 ? 'finding' : 'findings'} here: ${told.join(', ')}.`;
}

export function contents() {
  const { machine, notebooks } = JSON.parse(readFileSync(at('results', 'lab', 'minutes.json'), 'utf8'));
  const where = `(${machine.cores} cores, ${machine.cpu})`;
  const times =
    Object.keys(notebooks).length === 0
      ? ''
      : `The times are of all cells of a notebook in a browser, with the committed results at hand ${where};\n[your-ablation](your-ablation.ipynb) has no such results: its time is with the training of its three runs.\n`;
  const pictures = new Set(readdirSync(join(folder, 'pictures')));
  const verdicts = lab.verdicts(Object.keys(papers));
  const parts = names().map((name) => {
    const cells = cellsOf(name);
    const title = /^#\s+(.*)$/m.exec(textOf(cells[0].source))?.[1] ?? name;
    const seconds = notebooks[name];
    const picture = pictures.has(`${name}.png`) ? `\n\n[![${title}](pictures/${name}.png)](${name}.ipynb)` : '';
    return `## [${title}](${name}.ipynb)\n\n${saysOf(cells)}${foundOf(name, verdicts)}${seconds === undefined ? '' : ` **${minutes(seconds)}**`}${picture}`;
  });
  return `# The notebooks

Open one and choose *Run > Run All Cells*; each stands by itself. What has been trained is loaded from \`results\`; what is
missing is trained where the notebook says so, with a live curve, and an interrupted cell goes on where it stopped. For a
question of your own copy [your-ablation](your-ablation.ipynb): it is meant to be changed.

${times}[Start here](00-start-here.ipynb) trains for some minutes the first time.

${parts.join('\n\n')}
`;
}

export const contentsPage = 'notebooks/README.md';
