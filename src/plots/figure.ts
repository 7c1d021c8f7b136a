import type { Annotation, Data, Layout, Shape } from 'plotly.js-dist-min';
import { fontFamily } from './fonts';
import { sizeClass, type SizeClass } from './size';
import { plain, wrapped } from './text';

export type Cell = string | number;
/** The numbers behind a figure, one record per mark: what the CSV beside the picture holds. */
export type Numbers = readonly Readonly<Record<string, Cell>>[];

/** A figure is a value: shown by `show`, written by `exportFigure`. Sizes in CSS pixels. */
export interface Figure {
  /** File name without extension; letters, digits, `-` and `_`. */
  readonly name: string;
  readonly title: string;
  readonly data: readonly Data[];
  readonly layout: Partial<Layout>;
  readonly width: number;
  readonly height: number;
  readonly numbers: Numbers;
}

export interface Frame {
  readonly name: string;
  readonly title: string;
  /** A second, smaller line: what was measured, on what, how often. */
  readonly subtitle: string;
  readonly width: number;
  readonly height: number;
}

export interface Content {
  readonly data: readonly Data[];
  readonly layout: Partial<Layout>;
  readonly numbers: Numbers;
}

export const ink = '#1f2933';
export const softInk = '#52606d';
export const gridColour = '#e8ebee';

/** A figure in the house style; type as large as its width allows. */
export function figure(frame: Frame, content: Content): Figure {
  const layout = { ...theme(frame), ...content.layout };
  return {
    name: frame.name,
    title: frame.title,
    data: content.data,
    // Every figure leaves the room that its words need: Plotly would move the axes from under placed labels.
    layout: { ...layout, ...sizedAxes(layout, sizeClass(frame.width)), ...fixedMargin(layout, frame) },
    width: frame.width,
    height: frame.height,
    numbers: content.numbers,
  };
}

function theme(frame: Frame): Partial<Layout> {
  const { text, label } = sizeClass(frame.width);
  return {
    width: frame.width,
    height: frame.height,
    title: heading(frame),
    font: { family: fontFamily, size: text, color: ink },
    margin: { l: 68, r: 24, t: headRoom(frame), b: 62 },
    paper_bgcolor: '#ffffff',
    plot_bgcolor: '#ffffff',
    hoverlabel: { font: { family: fontFamily, size: label }, bgcolor: '#ffffff', bordercolor: '#9aa5b1' },
    hovermode: 'closest',
  };
}

/** Margins of a figure of curves; the names at their ends need a right one of their own. */
export function lineMargin(frame: Frame): { readonly l: number; readonly t: number; readonly b: number } {
  const { tick, keysBelow } = sizeClass(frame.width);
  return keysBelow ? { l: 5.2 * tick, t: headRoom(frame), b: 4.2 * tick } : { l: 68, t: headRoom(frame), b: 62 };
}

interface Heading {
  readonly title: readonly string[];
  readonly subtitle: readonly string[];
}

/** Title and subtitle in lines that the figure is wide enough for. */
function linesOf({ title, subtitle, width }: Frame): Heading {
  const sizes = sizeClass(width);
  const room = width - (sizes.keysBelow ? 2 * edge : 68 + 12);
  return {
    title: wrapped(title, room, { size: sizes.title, weight: 600 }),
    subtitle: wrapped(subtitle, room, { size: sizes.subtitle, weight: 400 }),
  };
}

const edge = 10;

/** Pixels above the axes that title and subtitle need. */
export function headRoom(frame: Frame): number {
  const { title, subtitle, keysBelow } = sizeClass(frame.width);
  const lines = linesOf(frame);
  const more =
    1.3 * ((lines.title.length - 1) * title + (lines.subtitle.length - 1) * subtitle) +
    (lines.title.length > 1 ? 0.7 * title : 0) +
    (lines.subtitle.length > 1 ? 0.6 * subtitle : 0);
  return Math.ceil(more + (keysBelow ? 1.3 * (title + subtitle) + 26 : 78));
}

function heading(frame: Frame): NonNullable<Layout['title']> {
  const sizes = sizeClass(frame.width);
  const lines = linesOf(frame);
  const text = (of: readonly string[]): string => of.map(plain).join('<br>');
  // Plotly sets the first of several lines where one alone would end.
  const raised = lines.title.length > 1 ? 0.7 * sizes.title : 0;
  const lowered = lines.subtitle.length > 1 ? '<br>' : '';
  const subtitle = {
    text: `${lowered}${text(lines.subtitle)}`,
    font: { family: fontFamily, size: sizes.subtitle, color: softInk },
  };
  return {
    text: text(lines.title),
    font: { family: fontFamily, size: sizes.title, color: ink, weight: 600 },
    subtitle,
    ...(sizes.keysBelow ? { x: edge / frame.width, xref: 'container' } : { x: 0, xref: 'paper' }),
    xanchor: 'left',
    y: 1,
    yref: 'container',
    yanchor: 'top',
    pad: { t: raised + (sizes.keysBelow ? 10 : 18) },
  };
}

function fixedMargin({ margin }: Partial<Layout>, { width }: Frame): Partial<Layout> {
  return sizeClass(width).keysBelow ? { margin: { ...margin, autoexpand: false } } : {};
}

/** The axes with the type of a size class. */
function sizedAxes(layout: Partial<Layout>, { text, tick, keysBelow }: SizeClass): Partial<Layout> {
  if (!keysBelow) return {};
  const axes = Object.entries(layout).filter(([key]) => /^[xy]axis\d*$/.test(key)) as [string, Axis][];
  return Object.fromEntries(
    axes.map(([key, of]) => [
      key,
      {
        ...of,
        ...(of.title === undefined
          ? {}
          : { title: { ...of.title, font: { ...of.title.font, size: text }, standoff: 5 } }),
        tickfont: { ...of.tickfont, size: tick },
      },
    ]),
  ) as Partial<Layout>;
}

export type Axis = NonNullable<Layout['xaxis']>;

/** Axis in the house style: thin line below, quiet grid, title close to the numbers. */
export function axis(title: string, more: Partial<Axis> = {}): Axis {
  return {
    title: { text: title, font: { family: fontFamily, size: 13, color: ink }, standoff: 10 },
    tickfont: { family: fontFamily, size: 12, color: softInk },
    gridcolor: gridColour,
    gridwidth: 1,
    zeroline: false,
    showline: true,
    linecolor: '#9aa5b1',
    linewidth: 1,
    ticks: 'outside',
    ticklen: 4,
    tickcolor: '#9aa5b1',
    ...more,
  } as Axis;
}

export type { Annotation, Data, Layout, Shape };
