import { isBest, type Table } from './table';

const letters: Readonly<Record<string, string>> = {
  '\\': '\\textbackslash{}',
  '~': '\\textasciitilde{}',
  '^': '\\textasciicircum{}',
  '<': '\\textless{}',
  '>': '\\textgreater{}',
  '|': '\\textbar{}',
  '"': '\\textquotedbl{}',
  '±': '$\\pm$',
  '×': '$\\times$',
  '−': '$-$',
  Δ: '$\\Delta$',
  λ: '$\\lambda$',
};

/** A text that LaTeX sets letter by letter. */
function latexText(text: string): string {
  return text.replace(/[\\~^<>|"±×−Δλ]|[&%$#_{}]/g, (letter) => letters[letter] ?? `\\${letter}`).replace(/\s+/g, ' ');
}

/** A `tabular` with the rules of package booktabs, to be put in by `\input`; the best of a column is bold. */
export function tableLatex(table: Table): string {
  const { columns, rows } = table;
  const cell = (text: string, row: number, column: number): string =>
    isBest(table, row, column) ? `\\textbf{${latexText(text)}}` : latexText(text);
  const lines = rows.map((row, r) => `${row.map((text, c) => cell(text, r, c)).join(' & ')} \\\\`);
  return [
    '% needs \\usepackage{booktabs}; \\textquotedbl needs \\usepackage[T1]{fontenc}',
    `\\begin{tabular}{${columns.map(({ align }) => (align === 'right' ? 'r' : 'l')).join('')}}`,
    '\\toprule',
    `${columns.map(({ title }) => latexText(title)).join(' & ')} \\\\`,
    '\\midrule',
    ...lines,
    '\\bottomrule',
    '\\end{tabular}',
    '',
  ].join('\n');
}
