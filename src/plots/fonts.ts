import { dirname, join } from 'node:path';

/**
 * Arimo has the advance widths of Arial, Helvetica and Liberation Sans: a picture measured with it fits on a machine
 * that
 * draws it with any of those. The files come with an npm package (SIL Open Font License), so that pictures are the same
 * everywhere and text is never missing on a machine without fonts.
 */
export const fontFamily = 'Arimo, Arial, Helvetica, Liberation Sans, sans-serif';

/** Paths of the font files (TrueType) that drawing and measuring use: regular, semi-bold, bold. */
export function fontFiles(): string[] {
  const folder = dirname(require.resolve('@expo-google-fonts/arimo/package.json'));
  return ['400Regular', '600SemiBold', '700Bold'].map((cut) => join(folder, cut, `Arimo_${cut}.ttf`));
}

/** Options of resvg: only our fonts, so that the result does not depend on the machine. */
export function resvgFonts(): { fontFiles: string[]; loadSystemFonts: false; defaultFontFamily: string } {
  return { fontFiles: fontFiles(), loadSystemFonts: false, defaultFontFamily: 'Arimo' };
}

export interface TextStyle {
  readonly size: number;
  readonly weight: number;
}

const widths = new Map<string, number>();

/** Width of one line of text, in pixels of the same unit as the font size. */
export function textWidth(text: string, style: TextStyle): number {
  const key = `${style.weight} ${text}`;
  const known = widths.get(key);
  if (known !== undefined) return known * style.size;
  const width = measure(text, style.weight);
  widths.set(key, width);
  return width * style.size;
}

/** Width in em. A bar on each side makes blanks at the ends count. */
function measure(text: string, weight: number): number {
  return rawWidth(`|${text}|`, weight) - barsWidth(weight);
}

function barsWidth(weight: number): number {
  const key = `bars ${weight}`;
  const width = widths.get(key) ?? rawWidth('||', weight);
  widths.set(key, width);
  return width;
}

function rawWidth(text: string, weight: number): number {
  const { Resvg } = require('@resvg/resvg-js') as typeof import('@resvg/resvg-js');
  const style = `font-family="Arimo" font-size="100" font-weight="${weight}" xml:space="preserve"`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><text ${style}>${escapeXml(text)}</text></svg>`;
  // The one file that is needed: reading all takes three times as long.
  const file = fontFiles()[weight < 550 ? 0 : weight < 650 ? 1 : 2] ?? '';
  return (new Resvg(svg, { font: { ...resvgFonts(), fontFiles: [file] } }).getBBox()?.width ?? 0) / 100;
}

/** Text as content or attribute of XML and HTML. */
export function escapeXml(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
}
