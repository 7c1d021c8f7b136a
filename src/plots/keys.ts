import type { Data, Figure } from './figure';
import { textWidth } from './fonts';
import { looksOf, sizeOf, type Point } from './score-marks';
import type { SizeClass } from './size';
import { plain } from './text';

/** One code of a figure and its words. */
export interface KeyGroup {
  readonly title: string;
  readonly entries: readonly { readonly name: string; readonly look: object; readonly group: string }[];
}

interface Margin {
  readonly l: number;
  readonly r: number;
  readonly t: number;
  readonly b: number;
}

export interface Keys {
  readonly data: readonly Data[];
  /** Settings of their legends in a figure of this height and these margins. */
  readonly layout: (height: number, margin: Margin) => Partial<Figure['layout']>;
  /** Pixels beside the axes that they need, from top to bottom. */
  readonly tall: number;
  /** Pixels below the axes that they need. */
  readonly height: number;
}

const grey = '#5b6570';

/** Keys of the codes in use. A click on a site sets its points apart; those of other codes belong to no group. */
function groupsOf(points: readonly Point[], scale: number): readonly KeyGroup[] {
  const looks = looksOf(points);
  const mark = (name: string, symbol: string, size: number): KeyGroup['entries'][number] => ({
    name,
    group: '',
    look: {
      mode: 'markers',
      marker: {
        symbol,
        size: scale * size,
        color: grey,
        line: { width: 1.8, color: /-open/.test(symbol) ? grey : '#ffffff' },
      },
    },
  });
  const sites = [...looks.colour].map(([name, color]) => ({
    name,
    group: `site ${name}`,
    look: { mode: 'lines', line: { color, width: 9 * scale } },
  }));
  const groups: readonly KeyGroup[] = [
    { title: 'functional form', entries: [...looks.symbol].map(([form, symbol]) => mark(form, symbol, sizeOf(form))) },
    { title: 'modified site', entries: sites },
    {
      title: 'insertion form',
      entries: looks.insertions.map((word) => mark(word, word === 'sequential' ? 'square-dot' : 'square', 11)),
    },
    {
      title: 'composition',
      entries: [...looks.rings].map(([word, ring]) => mark(word, ring === '' ? 'circle' : ring, ring === '' ? 9 : 15)),
    },
    {
      title: 'origin',
      entries: points.some(({ source }) => source !== '') ? [mark('published', 'circle-open', 11)] : [],
    },
  ];
  return groups.filter(({ entries }) => entries.length > 0);
}

const rowHeight = 19;
const groupGap = 14;
const symbolRoom = 32;

/**
 * The keys: one column right of the axes on a screen; below the axes, each code a column of its own, where the figure
 * is narrow.
 */
export function keysOf(points: readonly Point[], width: number, sizes: SizeClass): Keys {
  return keysOfGroups(groupsOf(points, sizes.marks), width, sizes);
}

/** The same of any codes: a click on an entry that has a group sets the traces of that group apart. */
export function keysOfGroups(groups: readonly KeyGroup[], width: number, sizes: SizeClass): Keys {
  return sizes.keysBelow ? keysBelow(groups, width, sizes) : beside(groups, sizes);
}

function trace(name: string, look: object, more: object): Data {
  return { type: 'scatter', x: [null], y: [null], name: plain(name), hoverinfo: 'skip', ...look, ...more } as Data;
}

/** Each code has keys of its own: a click on a site sets it apart, those of the others only say what is what. */
function beside(groups: readonly KeyGroup[], { legend }: SizeClass): Keys {
  const heights = groups.map(({ entries }) => rowHeight * (entries.length + 1) + groupGap);
  const tall = groups.reduce((sum, { entries }) => sum + 20 * (entries.length + 2), 0);
  const ids = idsOf(groups);
  const layout = (height: number, { t, b }: Margin): Partial<Figure['layout']> => ({
    showlegend: true,
    ...Object.fromEntries(
      groups.map((group, g) => {
        const above = heights.slice(0, g).reduce((sum, one) => sum + one, 0);
        return [ids[g], keysAt(group, { x: 1.03, y: 1 - above / (height - t - b) }, legend)];
      }),
    ),
  });
  return { data: keyTraces(groups), layout, tall, height: 0 };
}

/** Plotly's names of the legends. Marks belong to the first, and a click reaches what is in its own: what sets apart. */
function idsOf(groups: readonly KeyGroup[]): readonly string[] {
  const first = Math.max(
    0,
    groups.findIndex(({ entries }) => isSetApart(entries)),
  );
  return groups.map((_, g) => (g === first ? 'legend' : `legend${g < first ? g + 2 : g + 1}`));
}

function keyTraces(groups: readonly KeyGroup[]): readonly Data[] {
  const ids = idsOf(groups);
  return groups.flatMap(({ entries }, g) =>
    entries.map(({ name, look, group }) =>
      trace(name, look, { legend: ids[g], ...(group === '' ? {} : { legendgroup: group }) }),
    ),
  );
}

interface Place {
  readonly x: number;
  readonly y: number;
}

/** Keys below the axes: columns from left to right, and a new row of them where the width ends. */
export function keysBelow(groups: readonly KeyGroup[], width: number, { legend }: SizeClass): Keys {
  const places: Place[] = [];
  let [x, y, tallest] = [0, 0, 0];
  for (const { title, entries } of groups) {
    const names = entries.map(({ name }) => symbolRoom + textWidth(name, { size: legend, weight: 400 }));
    const wide = Math.max(textWidth(title, { size: legend, weight: 600 }), ...names) + 8;
    if (x > 0 && x + wide > width - 16) [x, y, tallest] = [0, y + tallest, 0];
    places.push({ x: x + 8, y });
    x += wide;
    tallest = Math.max(tallest, rowHeight * (entries.length + 1) + 6);
  }
  const total = y + tallest;
  const ids = idsOf(groups);
  const layout = (height: number, { l, r, t, b }: Margin): Partial<Figure['layout']> => ({
    showlegend: true,
    ...Object.fromEntries(
      groups.map((group, g) => {
        const { x: left, y: down } = places[g] as Place;
        const at = { x: (left - l) / (width - l - r), y: (b - total + down) / -(height - t - b) };
        return [ids[g], keysAt(group, at, legend)];
      }),
    ),
  });
  return { data: keyTraces(groups), layout, tall: 0, height: total };
}

const isSetApart = (entries: KeyGroup['entries']): boolean => entries.some(({ group }) => group !== '');
const still = { itemclick: false, itemdoubleclick: false };

/** Placed by the axes: what Plotly places by the container takes room from the axes' titles. */
function keysAt({ title, entries }: KeyGroup, at: Place, legend: number): object {
  return {
    title: { text: title, font: { size: legend, weight: 600 } },
    ...at,
    xanchor: 'left',
    yanchor: 'top',
    font: { size: legend },
    indentation: -10,
    tracegroupgap: 0,
    groupclick: 'togglegroup',
    ...(isSetApart(entries) ? { itemclick: 'toggleothers', itemdoubleclick: 'toggle' } : still),
  };
}
