import { readFileSync } from 'node:fs';
import { basename, isAbsolute, relative, sep } from 'node:path';
import { projectRoot } from '../project';
import type { Figure } from './figure';
import { escapeXml, fontFamily, fontFiles } from './fonts';
import { interactive, numbersOf } from './interactive';
import { csvText, tableHtml, type Table } from './table';

/**
 * A page with the figure. It holds the still picture, which Plotly replaces where the window is wide enough and it can be loaded: from a copy beside the page,
 * or from the project's packages. So a page takes some 60 kB instead of 5 MB and is never empty; `inline` puts Plotly
 * inside,
 * for a page that is to be sent away.
 */
export function figureHtml(
  figure: Figure,
  svg: string,
  where: { readonly folder: string; readonly inline: boolean },
): string {
  // "<" would end the script.
  const value = JSON.stringify(interactive(figure)).replace(/</g, '\\u003c');
  const plotly = where.inline ? `<script>${plotlySource().replace(/<\/script/g, '<\\/script')}</script>\n` : '';
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${escapeXml(figure.title)}</title>
<meta name="viewport" content="width=device-width">
<style>
${fontFaces(where)}
body { margin: 16px; font-family: ${fontFamily}; background: #ffffff } figure { margin: 0 }
figure > svg { max-width: 100%; height: auto }
</style>
</head>
<body>
<figure id="figure">
${svg.trim()}
</figure>
<p><a download="${escapeXml(figure.name)}.csv" href="${dataUrl('text/csv', numbersCsv(figure))}">the numbers of this figure</a></p>
${plotly}<script>
const figure = ${value};
function draw() {
  const place = document.getElementById('figure');
  if (place.clientWidth < figure.layout.width) return; // the still picture shrinks
  const plot = () => {
    place.replaceChildren();
    Plotly.newPlot(place, figure.data, figure.layout, figure.config);
  };
  Promise.all(['400', '600'].map((weight) => document.fonts.load(weight + ' 12px Arimo'))).then(plot, plot);
}
function load([source, ...others]) {
  if (source === undefined) return;
  const script = document.createElement('script');
  script.src = source;
  script.onload = draw;
  script.onerror = () => load(others);
  document.head.append(script);
}
${where.inline ? 'draw();' : `load(${JSON.stringify(sources(plotlyFile(), where.folder))});`}
</script>
</body>
</html>
`;
}

function plotlySource(): string {
  return readFileSync(plotlyFile(), 'utf8');
}

function plotlyFile(): string {
  return require.resolve('plotly.js-dist-min/plotly.min.js');
}

/** What a page outside of the project has beside it: Plotly, and the font of its texts. */
export function companions(): readonly string[] {
  return [plotlyFile(), ...fontFiles().slice(0, 2)];
}

/** Where a page finds a file of a package: a copy beside it, or among the project's packages. */
function sources(file: string, folder: string): string[] {
  const isWithin = !relative(projectRoot(), folder).startsWith('..') && !isAbsolute(relative(folder, file));
  return [basename(file), ...(isWithin ? [relative(folder, file).split(sep).join('/')] : [])];
}

/** The widths that the picture was made with: of a font on the machine that has them, or of ours. */
function fontFaces({ folder, inline }: { readonly folder: string; readonly inline: boolean }): string {
  const alike = ["local('Arimo')", "local('Arial')", "local('Liberation Sans')"];
  return fontFiles()
    .slice(0, 2)
    .map((file, i) => {
      const urls = inline ? [`data:font/ttf;base64,${readFileSync(file).toString('base64')}`] : sources(file, folder);
      const from = [...(i === 0 ? alike : ["local('Arimo SemiBold')"]), ...urls.map((url) => `url('${url}')`)];
      return `@font-face { font-family: Arimo; font-weight: ${i === 0 ? 400 : 600}; src: ${from.join(', ')} }`;
    })
    .join('\n');
}

/** A page with a table, for a browser or a word processor. */
export function tablePage(table: Table, title: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escapeXml(title)}</title>
<style>
body { margin: 16px; font-family: ${fontFamily}; background: #ffffff; color: #1f2933 }
div { overflow-x: auto }
table { border-collapse: collapse; border-top: 2px solid; border-bottom: 2px solid; font-size: 14px }
th, td { padding: 3px 10px }
thead th { border-bottom: 1px solid }
</style>
</head>
<body>
<h1 style="font-size: 17px">${escapeXml(title)}</h1>
<div>
${tableHtml(table)}
</div>
</body>
</html>
`;
}

/** The figure's numbers; columns in order of first appearance. */
export function numbersCsv(figure: Figure): string {
  const { columns, rows } = numbersOf(figure);
  return csvText(columns, rows);
}

/** A text as the address of a file. */
export function dataUrl(kind: string, text: string): string {
  const coded = text.replace(/[%#<>"\n]/g, (letter) => encodeURIComponent(letter));
  return `data:${kind};charset=utf-8,${coded.replace(/&/g, '&amp;')}`;
}
