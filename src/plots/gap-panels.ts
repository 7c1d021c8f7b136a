import { axis, figure, softInk } from './figure';
import type { Annotation, Axis, Data, Figure } from './figure';
import { gapLines, type PlacedGap } from './gap-lines';
import { footOf, placesOf, type Domain, type GapPanel, type Places } from './gap-places';
import { keysOfGroups, type Keys } from './keys';
import { lineColours } from './lines';
import { linearRange } from './scale';
import { pixelsOf, sizeClass, type SizeClass } from './size';
import { plain, wrapped } from './text';

export interface GapPanelsOptions {
  readonly name: string;
  readonly title: string;
  readonly subtitle: string;
  readonly panels: readonly GapPanel[];
  readonly lines: readonly string[];
  readonly unit: string;
  /** What is drawn at 0. */
  readonly zero: string;
  /** Sentences below the axes. */
  readonly notes: readonly string[];
  /** Pixels, or a length on paper: panels then stand one below the other. */
  readonly width?: number | string;
}

interface Drawn extends GapPanelsOptions {
  readonly points: readonly PlacedGap[];
  readonly sizes: SizeClass;
  readonly colour: ReadonlyMap<string, string>;
}

/** Gaps to one thing over what is varied, a panel for each thing varied; places of a panel without any gap are left out. */
export function gapPanels(points: readonly PlacedGap[], options: GapPanelsOptions): Figure {
  const width = pixelsOf(options.width ?? 1180);
  const sizes = sizeClass(width);
  const colour = lineColours(options.lines);
  const drawn: Drawn = { ...options, points, sizes, colour };
  const { name, title, subtitle } = options;
  const frame = { name, title, subtitle, width, height: 0 };
  const keys = keysOfLines(drawn, width);
  const notes = options.notes.flatMap((note) => wrapped(note, width - 40, { size: sizes.label, weight: 400 }));
  const places = placesOf(options.panels, { frame, keys, below: notes.length * 1.35 * sizes.label });
  const panels = options.panels.map((panel, p) => panelOf(drawn, panel, p));
  const layout = {
    margin: places.margin,
    ...keys.layout(places.height, places.margin),
    ...Object.fromEntries(panels.flatMap(({ axes }, p) => axesAt(axes, places.at[p] as Domain, p))),
    annotations: [...panels.flatMap(({ annotations }) => annotations), ...noteOf(notes, places, drawn)],
  };
  return figure(
    { ...frame, height: places.height },
    {
      data: [...panels.flatMap(({ data }) => data), ...keys.data],
      layout: layout as Figure['layout'],
      numbers: points.map(({ panel, place, line, gap, low = '', high = '', seeds, zero }) => ({
        ...{ panel, place, line, gap, low, high, seeds, [options.zero]: zero },
      })),
    },
  );
}

function keysOfLines({ lines, colour, sizes }: Drawn, width: number): Keys {
  const entries = lines.map((line) => ({
    name: line,
    group: line,
    look: { mode: 'lines', line: { color: colour.get(line) ?? '#000000', width: 2.5 } },
  }));
  return keysOfGroups([{ title: 'method', entries }], width, sizes);
}

interface PanelParts {
  readonly axes: readonly [x: Figure['layout']['xaxis'], y: Figure['layout']['yaxis']];
  readonly data: readonly Data[];
  readonly annotations: readonly Partial<Annotation>[];
}

const suffixOf = (p: number): string => (p === 0 ? '' : String(p + 1));

function axesAt([x, y]: PanelParts['axes'], at: Domain, p: number): readonly (readonly [string, object])[] {
  const suffix = suffixOf(p);
  return [
    [`xaxis${suffix}`, { ...x, domain: at.x, anchor: `y${suffix}` }],
    [`yaxis${suffix}`, { ...y, domain: at.y, anchor: `x${suffix}` }],
  ];
}

function panelOf(drawn: Drawn, panel: GapPanel, p: number): PanelParts {
  const { points, sizes } = drawn;
  const own = points.filter((point) => point.panel === panel.title);
  const places = panel.places.filter((place) => own.some((point) => point.place === place));
  const axes = { x: `x${suffixOf(p)}`, y: `y${suffixOf(p)}` };
  const style = { size: sizes.tick, weight: 400 };
  const words = places.map((place) => wrapped(place, 80, style).map(plain).join('<br>'));
  return {
    axes: [
      axis(panel.title, {
        range: [-0.5, Math.max(0.5, places.length - 0.5)],
        tickvals: [...places.keys()],
        ticktext: words,
        tickangle: 0,
        fixedrange: true,
      }),
      axis(p === 0 || sizes.keysBelow ? drawn.unit : '', gapAxis(drawn, panel)),
    ],
    data: gapLines(own, { ...drawn, places, axes }),
    annotations: [zeroAt(drawn, axes), ...(places.length === 0 ? [notRun(axes, sizes)] : [])],
  };
}

/** From the least to the most of the panels on one scale, 0 among them. */
function gapAxis({ points, panels }: Drawn, panel: GapPanel): Partial<Axis> {
  const isBeside = (one: GapPanel): boolean => one === panel || (panel.alone !== true && one.alone !== true);
  const titles = panels.filter(isBeside).map(({ title }) => title);
  const scaled = points.filter((point) => titles.includes(point.panel));
  const { from, to } = linearRange([0, ...scaled.flatMap(({ gap, low = gap, high = gap }) => [low, high])], 0.1);
  return {
    range: [from, to],
    tickformat: '~g',
    nticks: 7,
    zeroline: true,
    zerolinecolor: '#4b5563',
    zerolinewidth: 1.5,
  };
}

interface AxisNames {
  readonly x: string;
  readonly y: string;
}

function zeroAt({ zero, sizes }: Drawn, { x, y }: AxisNames): Partial<Annotation> {
  return {
    ...{ text: plain(zero), xref: `${x} domain`, yref: y, x: 1, y: 0, xanchor: 'right', yanchor: 'bottom' },
    ...{ showarrow: false, font: { size: sizes.label, color: softInk } },
  } as Partial<Annotation>;
}

function notRun({ x, y }: AxisNames, { text }: SizeClass): Partial<Annotation> {
  return {
    ...{ text: 'not run yet', xref: `${x} domain`, yref: `${y} domain`, x: 0.5, y: 0.4 },
    ...{ showarrow: false, font: { size: text + 2, color: softInk } },
  } as Partial<Annotation>;
}

function noteOf(notes: readonly string[], { margin }: Places, { sizes }: Drawn): readonly Partial<Annotation>[] {
  if (notes.length === 0) return [];
  const down = footOf(sizes);
  return [
    {
      ...{ text: notes.map(plain).join('<br>'), xref: 'paper', yref: 'paper', x: 0, y: 0, align: 'left' },
      ...{ xanchor: 'left', yanchor: 'top', xshift: 12 - margin.l, yshift: -down, showarrow: false },
      font: { size: sizes.label, color: softInk },
    } as Partial<Annotation>,
  ];
}
