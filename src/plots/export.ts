import { existsSync, readFileSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import { UserError } from '../errors';
import { writeWhole } from '../files';
import { projectRoot } from '../project';
import type { Figure } from './figure';
import { companions, figureHtml, numbersCsv, tablePage } from './html';
import { tableLatex } from './latex';
import { svgPdf } from './pdf';
import { figureSvg, svgPng } from './svg';
import { csvText, tableMarkdown, type Table } from './table';

export const figureFormats = ['svg', 'pdf', 'png', 'html', 'csv'] as const;
export type ExportFormat = (typeof figureFormats)[number];

export interface ExportOptions {
  readonly formats?: readonly ExportFormat[];
  /** Put Plotly (5 MB) into the page, so that the file works alone anywhere. */
  readonly inline?: boolean;
}

/**
 * Writes the figure as SVG, PDF (with its fonts), PNG (2 device pixels per CSS pixel, 4 where it is narrow enough for a
 * page), an interactive page and the CSV of its numbers, each in one step, so that no half file is ever seen. The same
 * figure gives the same bytes. Returns the paths. A page outside the project gets copies of Plotly and its font beside it.
 * @throws UserError on a name that is no file name and a folder that cannot be written
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
  if (formats.includes('html') && !inline && relative(projectRoot(), place).startsWith('..')) shareCompanions(place);
  const paths: string[] = [];
  for (const format of formats) {
    const path = join(place, `${figure.name}.${format}`);
    writeWhole(path, await contentOf(format, { figure, svg, folder: place, inline }));
    paths.push(path);
  }
  return paths;
}

interface Source {
  readonly figure: Figure;
  readonly svg: string;
  readonly folder: string;
  readonly inline: boolean;
}

function contentOf(format: ExportFormat, { figure, svg, folder, inline }: Source): string | Buffer | Promise<Buffer> {
  switch (format) {
    case 'svg':
      return svg;
    case 'pdf':
      return svgPdf(svg, figure.title);
    case 'png':
      return svgPng(svg, figure.width < 690 ? 4 : 2);
    case 'html':
      return figureHtml(figure, svg, { folder, inline });
    case 'csv':
      return numbersCsv(figure);
  }
}

export const tableFormats = ['html', 'csv', 'tex', 'md'] as const;
export type TableFormat = (typeof tableFormats)[number];

/** Writes the table under `name` in each format; returns the paths. */
export function exportTable(
  table: Table,
  folder: string,
  { name, title, formats }: { readonly name: string; readonly title: string; readonly formats: readonly TableFormat[] },
): readonly string[] {
  return formats.map((format) => writeWhole(join(resolve(folder), `${name}.${format}`), tableIn(format, table, title)));
}

function tableIn(format: TableFormat, table: Table, title: string): string {
  switch (format) {
    case 'html':
      return tablePage(table, title);
    case 'csv':
      return csvText(
        table.columns.map((column) => column.title),
        table.rows,
      );
    case 'tex':
      return tableLatex(table);
    case 'md':
      return `${tableMarkdown(table)}\n`;
  }
}

function shareCompanions(folder: string): void {
  for (const file of companions()) {
    const path = join(folder, basename(file));
    if (!existsSync(path)) writeWhole(path, readFileSync(file));
  }
}
