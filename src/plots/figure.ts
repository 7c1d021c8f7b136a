import type { Annotation, Data, Layout, Shape } from 'plotly.js-dist-min';
import { fontFamily } from './fonts';

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

/** A figure in the house style. */
export function figure(frame: Frame, content: Content): Figure {
  const layout = { ...theme(frame), ...content.layout };
  return {
    name: frame.name,
    title: frame.title,
    data: content.data,
    layout,
    width: frame.width,
    height: frame.height,
    numbers: content.numbers,
  };
}

function theme(frame: Frame): Partial<Layout> {
  return {
    width: frame.width,
    height: frame.height,
    title: heading(frame),
    font: { family: fontFamily, size: 13, color: ink },
    margin: { l: 68, r: 24, t: 78, b: 62 },
    paper_bgcolor: '#ffffff',
    plot_bgcolor: '#ffffff',
    hoverlabel: { font: { family: fontFamily, size: 12 }, bgcolor: '#ffffff', bordercolor: '#9aa5b1' },
    hovermode: 'closest',
  };
}

function heading(frame: Frame): NonNullable<Layout['title']> {
  const subtitle = { text: frame.subtitle, font: { family: fontFamily, size: 12.5, color: softInk } };
  const font = { family: fontFamily, size: 17, color: ink, weight: 600 };
  return {
    text: frame.title,
    font,
    subtitle,
    x: 0,
    xref: 'paper',
    xanchor: 'left',
    y: 1,
    yref: 'container',
    yanchor: 'top',
    pad: { t: 18 },
  };
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
