import { readFileSync } from 'node:fs';
import { isAbsolute, relative, sep } from 'node:path';
import { projectRoot } from '../project';
import type { Figure } from './figure';
import { escapeXml, fontFamily } from './fonts';

/**
 * A page with the figure. It holds the still picture, which Plotly replaces when it can be loaded: from a copy beside
 * the page,
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
<style>body { margin: 24px; font-family: ${fontFamily}; background: #ffffff } figure { margin: 0 }</style>
</head>
<body>
<figure id="figure">
${svg.trim()}
</figure>
${plotly}<script>
const figure = ${value};
function draw() {
  const place = document.getElementById('figure');
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
