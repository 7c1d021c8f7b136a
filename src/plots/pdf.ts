import { fontFiles } from './fonts';

/** What is used of pdfkit. */
interface PdfDocument {
  on(event: 'data', take: (part: Buffer) => void): void;
  on(event: 'end', done: () => void): void;
  on(event: 'error', fail: (error: Error) => void): void;
  end(): void;
}
type PdfKit = new (options: {
  readonly size: readonly [number, number];
  readonly margin: number;
  readonly info: { readonly Title: string; readonly CreationDate: Date };
}) => PdfDocument;

/** Document, picture, x and y in points, options. */
type Drawing = (
  ...given: [
    document: PdfDocument,
    svg: string,
    x: number,
    y: number,
    options: {
      readonly width: number;
      readonly height: number;
      readonly fontCallback: (family: string, bold: boolean) => string;
      readonly warningCallback: (warning: string) => void;
    },
  ]
) => void;

/** Points of a page for each CSS pixel. */
const points = 0.75;

/**
 * A picture as a PDF page of its own size, lines and letters kept as such, with the letters' fonts inside. The same
 * picture gives the same bytes.
 */
export function svgPdf(svg: string, title: string): Promise<Buffer> {
  const [, width = 0, height = 0] = (/ width="([\d.]+)" height="([\d.]+)"/.exec(svg) ?? []).map(Number);
  const size: [number, number] = [width * points, height * points];
  const Document = require('pdfkit') as PdfKit;
  const draw = require('svg-to-pdfkit') as Drawing;
  const [regular = '', semiBold = ''] = fontFiles();
  const document = new Document({ size, margin: 0, info: { Title: title, CreationDate: new Date(0) } });
  const parts: Buffer[] = [];
  return new Promise((resolve, reject) => {
    document.on('data', (part: Buffer) => parts.push(part));
    document.on('end', () => resolve(Buffer.concat(parts)));
    document.on('error', reject);
    draw(document, drawable(svg), 0, 0, {
      width: size[0],
      height: size[1],
      fontCallback: (_, bold) => (bold ? semiBold : regular),
      warningCallback: (warning) => reject(new Error(`the figure cannot become a PDF: ${warning}`)),
    });
    document.end();
  });
}

/** PDF has no dash of length 0, and the library no weight between regular and bold. */
function drawable(svg: string): string {
  return svg
    .replace(/stroke-dasharray: 0px, ?0px, ?/g, 'stroke-dasharray: ')
    .replace(/font-weight: 600/g, 'font-weight: bold');
}
