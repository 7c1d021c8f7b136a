import { randomFrom } from '../random';
import { plotlyWindow } from './dom';
import type { Figure } from './figure';
import { escapeXml, fontFamily, resvgFonts } from './fonts';
import { wordsOf } from './interactive';
import { slim } from './slim';

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
  const svg = slim(raw.replace(/url\((?:'|&quot;|&#39;)(#[^'&)]+)(?:'|&quot;|&#39;)\)/g, 'url($1)')).replace(
    /^<svg /,
    `<svg role="img" style="font-family: ${fontFamily.replace(/Liberation Sans/, "'$&'")}" `,
  );
  const words = `<title>${escapeXml(figure.title)}</title><desc>${escapeXml(wordsOf(figure))}</desc>`;
  return svg.replace(/^(<svg [^>]*>)/, (tag) => `${tag}${words}`) + '\n';
}

/** FNV-1a. */
function seedOf(text: string): number {
  let hash = 2166136261;
  for (const letter of text) hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 16777619);
  return hash;
}
