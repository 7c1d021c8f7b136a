import type { DataFrame } from 'danfojs-node';
import type { Figure } from './figure';
import { frameTable } from './frame';
import { newId, notebook, type Bundle, type Output } from './output';
import { interactive } from './interactive';
import { figureSvg } from './svg';
import { tableHtml, tableText, type Table } from './table';

/**
 * Shows a figure in a notebook: interactive where the reader has Plotly (JupyterLab), the still picture elsewhere
 * (exports,
 * GitHub). Outside a notebook it does nothing.
 */
export async function show(figure: Figure, output: Output | undefined = notebook()): Promise<void> {
  output?.show(await figureBundle(figure), newId());
}

/** The figure as JupyterLab's Plotly renderer reads it, as SVG and in words. */
async function figureBundle(figure: Figure): Promise<Bundle> {
  return {
    'application/vnd.plotly.v1+json': structuredClone(interactive(figure)),
    'image/svg+xml': await figureSvg(figure),
    'text/plain': `${figure.title} (figure)`,
  };
}

/** Shows a table or data frame in a notebook; prints it elsewhere. */
export function showTable(of: Table | DataFrame, output: Output | undefined = notebook()): void {
  const table = isTable(of) ? of : frameTable(of);
  if (output) output.show({ 'text/html': tableHtml(table), 'text/plain': tableText(table) }, newId());
  else process.stdout.write(`${tableText(table)}\n`);
}

function isTable(of: Table | DataFrame): of is Table {
  return 'rows' in of;
}
