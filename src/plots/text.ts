import { textWidth, type TextStyle } from './fonts';

/**
 * A user's words as Plotly draws them letter by letter: it would read `<b>` and `&amp;` as markup and, where a page has
 * MathJax, `$...$` as a formula.
 */
export function plain(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/\$/g, '&#36;');
}

/** A text in lines that are at most `width` pixels wide, as far as its words allow. */
export function wrapped(text: string, width: number, style: TextStyle): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines[lines.length - 1];
    const longer = `${last ?? ''} ${word}`;
    if (last === undefined || textWidth(longer, style) > width) lines.push(word);
    else lines[lines.length - 1] = longer;
  }
  return lines;
}
