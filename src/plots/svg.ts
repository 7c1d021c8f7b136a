import { randomFrom } from '../random';
import { plotlyWindow } from './dom';
import type { Figure } from './figure';
import { escapeXml, fontFamily, resvgFonts } from './fonts';
import { wordsOf } from './interactive';

/** The figure as an SVG text. The same figure gives the same text, byte for byte. */
export async function figureSvg(figure: Figure): Promise<string> {
  const { window, plotly } = plotlyWindow();
  // Plotly draws ids of clip paths at random. Seeded by name they repeat, and two pictures on one page do not share
  // them.
  window['Math'].random = randomFrom(seedOf(figure.name));
  const size = { width: figure.width, height: figure.height };
  const raw = await plotly
    .toImage(copy(figure), { format: 'svg', imageDataOnly: true, ...size })
    .catch((fault: unknown) => {
      // The stack of an error inside Plotly would print megabytes of minified source.
      throw new Error(
        `figure ${figure.name}: Plotly cannot draw it: ${fault instanceof Error ? fault.message : String(fault)}`,
      );
    });
  return tidy(raw, figure);
}

/** PNG at `zoom` device pixels per CSS pixel. */
export function svgPng(svg: string, zoom = 2): Buffer {
  const { Resvg } = require('@resvg/resvg-js') as typeof import('@resvg/resvg-js');
  const options = { fitTo: { mode: 'zoom', value: zoom } as const, font: resvgFonts(), background: 'white' };
  return Buffer.from(new Resvg(svg, options).render().asPng());
}

/** Plotly fills in the objects it is given. */
function copy(figure: Figure): Parameters<typeof import('plotly.js-dist-min').toImage>[0] {
  const { data, layout } = structuredClone({ data: [...figure.data], layout: figure.layout });
  return { data, layout, config: {} };
}

function tidy(raw: string, figure: Figure): string {
  const svg = raw
    .replace(/url\((?:'|&quot;|&#39;)(#[^'&)]+)(?:'|&quot;|&#39;)\)/g, 'url($1)')
    .replace(/ style="([^"]*)"/g, (_, style: string) => shorter(style))
    .replace(invisible, '')
    .replace(/ data-(?:index|unformatted|math)="[^"]*"/g, '') // by which Plotly finds its marks again
    .replace(wrappedText, '<g $1>$2</g>')
    .replace(/<g class="shape-group"( clip-path="[^"]*")><path ([^>]*)\/><\/g>/g, '<path$1 $2/>')
    .replace(/ white-space: pre;("[^>]*>)(?=\S+(?: \S+)*<\/text>)/g, '$1') // no spaces to keep
    .replace(/<g class="[^"]*"\/>/g, '')
    .replace(/^<svg /, `<svg role="img" style="font-family: ${fontFamily.replace(/Liberation Sans/, "'$&'")}" `);
  const words = `<title>${escapeXml(figure.title)}</title><desc>${escapeXml(wordsOf(figure))}</desc>`;
  return svg.replace(/^(<svg [^>]*>)/, (tag) => `${tag}${words}`) + '\n';
}

/** What Plotly lays below each annotation, transparent unless asked for, and marks that only carry hover texts. */
const invisible =
  /<rect class="bg" style="[^"]*stroke-opacity: 0;[^"]*fill-opacity: 0;"[^>]*\/>|<path class="point"[^>]* style="opacity: 0;[^>]*\/>/g;

/** An annotation that is not turned: what can be dragged in a page that is alive. */
const wrappedText =
  /<g class="annotation"><g class="annotation-text-g" transform="rotate\(0,[^"]*"><g class="cursor-pointer" (transform="[^"]*")>(<text [^>]*>[^<]*<\/text>)<\/g><\/g><\/g>/g;

/** A style without what is so anyway: the font of the whole picture, and parts that are not transparent. */
function shorter(style: string): string {
  const rest = style
    .replace(/font-family: Arimo,[^;]*; ?/, '')
    .replace(/(?<![\w-])(?:fill-|stroke-)?opacity: 1; ?/g, '')
    .replace(
      /rgb\((\d+), (\d+), (\d+)\)/g,
      (_, ...channels: string[]) =>
        `#${channels
          .slice(0, 3)
          .map((channel) => Number(channel).toString(16).padStart(2, '0'))
          .join('')}`,
    )
    .trim();
  return rest === '' ? '' : ` style="${rest}"`;
}

/** FNV-1a. */
function seedOf(text: string): number {
  let hash = 2166136261;
  for (const letter of text) hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 16777619);
  return hash;
}
