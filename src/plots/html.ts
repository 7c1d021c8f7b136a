import { readFileSync } from 'node:fs';
import { isAbsolute, relative, sep } from 'node:path';
import { projectRoot } from '../project';
import type { Figure } from './figure';
import { escapeXml, fontFamily } from './fonts';
import { tableHtml, type Table } from './table';

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
  const { data, layout } = figure;
  // "<" would end the script.
  const value = JSON.stringify({ data, layout, config: { responsive: false, displaylogo: false } }).replace(
    /</g,
    '\\u003c',
  );
  const plotly = where.inline ? `<script>${plotlySource().replace(/<\/script/g, '<\\/script')}</script>\n` : '';
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${escapeXml(figure.title)}</title>
<meta name="viewport" content="width=device-width">
<style>
body { margin: 16px; font-family: ${fontFamily}; background: #ffffff } figure { margin: 0 }
figure > svg { max-width: 100%; height: auto }
</style>
</head>
<body>
<figure id="figure">
${svg.trim()}
</figure>
${plotly}<script>
const figure = ${value};
function draw() {
  const place = document.getElementById('figure');
  if (place.clientWidth < figure.layout.width) return; // the still picture shrinks
  place.replaceChildren();
  Plotly.newPlot(place, figure.data, figure.layout, figure.config);
}
function load([source, ...others]) {
  if (source === undefined) return;
  const script = document.createElement('script');
  script.src = source;
  script.onload = draw;
  script.onerror = () => load(others);
  document.head.append(script);
}
${where.inline ? 'draw();' : `load(${JSON.stringify(sources(where.folder))});`}
</script>
</body>
</html>
`;
}

function plotlySource(): string {
  return readFileSync(require.resolve('plotly.js-dist-min/plotly.min.js'), 'utf8');
}

function sources(folder: string): string[] {
  const up = relative(folder, projectRoot());
  const outside = isAbsolute(up) || relative(projectRoot(), folder).startsWith('..');
  return [
    'plotly.min.js',
    ...(outside ? [] : [`${up === '' ? '.' : up.split(sep).join('/')}/node_modules/plotly.js-dist-min/plotly.min.js`]),
  ];
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
