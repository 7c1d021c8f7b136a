import { escapeXml } from '../../plots/fonts';
import { tableHtml, type Table } from '../../plots/table';

/** Name of a part of the page, to point to. */
export const idOf = (name: string): string => name.replace(/[^\w-]+/g, '-');

/** A table that can be sorted and, by words in its rows, filtered. */
export function tableBox(table: Table, name: string): string {
  const filter =
    table.rows.length > 8
      ? `<label>Rows with <input type="search" placeholder="words"> <output></output></label>\n`
      : '';
  return `<div class="table">
${filter}<div class="scroll" tabindex="0" role="region" aria-label="table: ${escapeXml(name)}">
${plainCells(tableHtml(table))}
</div>
</div>`;
}

/** A class in place of a style in each of ten thousands of cells, which would be a fifth of the page. */
function plainCells(html: string): string {
  return html.replaceAll(' style="text-align:left"', '').replaceAll(' style="text-align:right"', ' class="r"');
}
