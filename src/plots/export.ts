import { existsSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { UserError } from '../errors';
import { writeWhole } from '../files';
import { projectRoot } from '../project';
import type { Figure } from './figure';
import { figureHtml } from './html';
import { figureSvg, svgPng } from './svg';
import { csvText } from './table';

export type ExportFormat = 'svg' | 'png' | 'html' | 'csv';

export interface ExportOptions {
  readonly formats?: readonly ExportFormat[];
  /** Put Plotly (5 MB) into the page, so that the file works alone anywhere. */
  readonly inline?: boolean;
}

/**
 * Writes the figure as SVG, PNG (2 device pixels per CSS pixel), an interactive page and the CSV of its numbers, each
 * in one
 * step, so that no half file is ever seen. The same figure gives the same bytes. Returns the paths.
 * A page outside the project gets a copy of Plotly beside it.
 */
export async function exportFigure(
  figure: Figure,
  folder: string,
  options: ExportOptions = {},
): Promise<readonly string[]> {
  const { formats = ['svg', 'png', 'html', 'csv'], inline = false } = options;
  if (!/^[\w-]+$/.test(figure.name))
    throw new UserError(`figure name "${figure.name}": use letters, digits, - and _, it becomes a file name`);
  const place = resolve(folder);
  const svg = formats.some((format) => format !== 'csv') ? await figureSvg(figure) : '';
  if (formats.includes('html') && !inline && relative(projectRoot(), place).startsWith('..')) sharePlotly(place);
  return formats.map((format) => {
    const path = join(place, `${figure.name}.${format}`);
    writeWhole(path, contentOf(format, { figure, svg, folder: place, inline }));
    return path;
  });
}

interface Source {
  readonly figure: Figure;
  readonly svg: string;
  readonly folder: string;
  readonly inline: boolean;
}

function contentOf(format: ExportFormat, { figure, svg, folder, inline }: Source): string | Buffer {
  switch (format) {
    case 'svg':
      return svg;
    case 'png':
      return svgPng(svg);
    case 'html':
      return figureHtml(figure, svg, { folder, inline });
    case 'csv':
      return numbersCsv(figure);
  }
}

/** The figure's numbers; columns in order of first appearance. */
export function numbersCsv({ numbers }: Figure): string {
  const header = [...new Set(numbers.flatMap((line) => Object.keys(line)))];
  return csvText(
    header,
    numbers.map((line) => header.map((column) => line[column] ?? '')),
  );
}

function sharePlotly(folder: string): void {
  const path = join(folder, 'plotly.min.js');
  if (existsSync(path)) return;
  writeWhole(path, readFileSync(require.resolve('plotly.js-dist-min/plotly.min.js')));
}
