import { escapeXml } from './fonts';

/** Text in rows and columns: one value for the terminal, Markdown, notebooks and files. */
export interface Table {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly string[])[];
  /** Cells that are the best of their column. */
  readonly best?: readonly (readonly [row: number, column: number])[];
}

export function isBest({ best = [] }: Table, row: number, column: number): boolean {
  return best.some(([r, c]) => r === row && c === column);
}

export interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
}

/** Columns of even width for a terminal. */
export function tableText({ columns, rows }: Table): string {
  const widths = columns.map((column, c) => Math.max(column.title.length, ...rows.map((row) => (row[c] ?? '').length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, c) => (columns[c]?.align === 'right' ? cell.padStart(widths[c] ?? 0) : cell.padEnd(widths[c] ?? 0)))
      .join('  ')
      .trimEnd();
  return [
    line(columns.map((column) => column.title)),
    line(widths.map((width) => '-'.repeat(width))),
    ...rows.map(line),
  ].join('\n');
}

export function tableMarkdown(table: Table): string {
  const { columns, rows } = table;
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const plain = (text: string): string => text.replace(/\|/g, '\\|').replace(/\n/g, ' ');
  const rule = `|${columns.map((column) => (column.align === 'right' ? '---:|' : '---|')).join('')}`;
  const body = rows.map((row, r) =>
    line(row.map((text, c) => (isBest(table, r, c) ? `**${plain(text)}**` : plain(text)))),
  );
  return [line(columns.map((column) => plain(column.title))), rule, ...body].join('\n');
}

/** Without styles but alignment: the notebook's own style for tables applies. */
export function tableHtml(table: Table): string {
  const { columns, rows } = table;
  const cell = (tag: 'th' | 'td', text: string, c: number): string =>
    `<${tag} style="text-align:${columns[c]?.align ?? 'left'}">${text}</${tag}>`;
  const head = columns.map((column, c) => cell('th', escapeXml(column.title), c)).join('');
  const inner = (text: string, r: number, c: number): string =>
    isBest(table, r, c) ? `<b>${escapeXml(text)}</b>` : escapeXml(text);
  const body = rows
    .map((row, r) => `<tr>${row.map((text, c) => cell('td', inner(text, r, c), c)).join('')}</tr>`)
    .join('\n');
  return `<table>\n<thead><tr>${head}</tr></thead>\n<tbody>\n${body}\n</tbody>\n</table>`;
}

/**
 * Comma-separated values (RFC 4180, LF line ends). A text that a spreadsheet would compute gets an apostrophe in front, by
 * which it is text there.
 */
export function csvText(header: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const field = (value: string | number): string => {
    const text = typeof value === 'string' && isFormula(value) ? `'${value}` : String(value);
    return /[",\n\r]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
  };
  return [header, ...rows].map((row) => row.map(field).join(',')).join('\n') + '\n';
}

function isFormula(text: string): boolean {
  return /^[=+\-@\t\r]/.test(text) && !Number.isFinite(Number(text));
}
