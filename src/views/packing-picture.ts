import type { Grid } from '../model/layout';
import type { PackedArrays } from '../model/packing';
import { axis, figure, softInk } from '../plots/figure';
import type { Annotation, Figure, Shape } from '../plots/figure';
import { textWidth } from '../plots/fonts';

const colours = ['#cfe3f3', '#fbdcc4', '#cdeae0', '#f2dcea', '#fbeac6', '#dceffa'];
const padding = '#eceff1';

interface Box {
  readonly x: number;
  readonly y: number;
  readonly text: string;
  readonly fill: string;
  readonly faint: boolean;
}

/**
 * Padded grid and packed rows of a batch, one above the other, with the words in their places.
 * @param words of each sequence, as `tokenize` gives them
 */
export function packingPicture(packed: PackedArrays, words: readonly (readonly string[])[], name = 'packing'): Figure {
  const { size: batch, length } = gridOf(packed);
  const size = packed.ids.length;
  const cell = Math.ceil(
    Math.max(30, ...words.flat().map((word) => textWidth(word, { size: 11.5, weight: 400 }))) + 10,
  );
  const boxes = [...gridBoxes(packed, words), ...rowBoxes(packed, words, batch + 1.4)];
  const lines = batch + 1.4 + Math.ceil(size / length);
  const left = 24;
  const frame = {
    name,
    title: 'No work on padding: a batch as grid and as packed rows',
    width: left + cell * length + 30,
    height: Math.round(96 + 34 * (lines + 0.9)),
    subtitle: `${batch} texts, ${batch * length} grid places, ${size} rows that token-wise layers compute`,
  };
  const hidden = { visible: false, fixedrange: true } as const;
  const layout = {
    margin: { l: left, r: 30, t: 78, b: 18 },
    showlegend: false,
    xaxis: axis('', { ...hidden, range: [0, length] }),
    yaxis: axis('', { ...hidden, range: [lines + 0.05, -0.9] }),
    shapes: boxes.map(square),
    annotations: [
      heading('attention sees the padded grid [B, T], padded keys masked', -0.45),
      heading('everything else sees N packed rows; the filler row stands for all padding', batch + 0.95),
      ...boxes.map(label),
    ] as Annotation[],
  };
  return figure(frame, { data: [], layout, numbers: numbersOf(packed, words) });
}

/** The picture's batch is small enough for one grid. */
function gridOf({ grids }: PackedArrays): Grid {
  return grids[0] ?? { size: 0, length: 0 };
}

function gridBoxes(packed: PackedArrays, words: readonly (readonly string[])[]): Box[] {
  const { keys } = packed;
  const { size: batch, length } = gridOf(packed);
  return Array.from({ length: batch * length }, (_, at) => {
    const [b, t] = [Math.floor(at / length), at % length];
    const real = keys[at] === 1;
    return { x: t, y: b, text: real ? (words[b]?.[t] ?? '') : 'pad', fill: real ? colourOf(b) : padding, faint: !real };
  });
}

/** Rows in reading order, as many to a line as the grid is long. */
function rowBoxes(packed: PackedArrays, words: readonly (readonly string[])[], from: number): Box[] {
  const { ids, sequences, positions } = packed;
  const { length } = gridOf(packed);
  return Array.from({ length: ids.length }, (_, row) => {
    const b = sequences[row] ?? -1;
    const real = b >= 0;
    return {
      x: row % length,
      y: from + Math.floor(row / length),
      text: real ? (words[b]?.[positions[row] ?? 0] ?? '') : 'filler',
      fill: real ? colourOf(b) : padding,
      faint: !real,
    };
  });
}

const colourOf = (b: number): string => colours[b % colours.length] ?? padding;

function square({ x, y, fill }: Box): Partial<Shape> {
  return {
    type: 'rect',
    xref: 'x',
    yref: 'y',
    x0: x,
    x1: x + 1,
    y0: y,
    y1: y + 1,
    fillcolor: fill,
    layer: 'below',
    line: { color: '#ffffff', width: 2 },
  };
}

function label({ x, y, text, faint }: Box): Partial<Annotation> {
  return { x: x + 0.5, y: y + 0.5, text, showarrow: false, font: { size: 11.5, color: faint ? '#9aa5b1' : '#1f2933' } };
}

function heading(text: string, y: number): Partial<Annotation> {
  return { x: 0, xanchor: 'left', y, text, showarrow: false, font: { size: 12.5, color: softInk } };
}

function numbersOf(
  { ids, rows, sequences, positions }: PackedArrays,
  words: readonly (readonly string[])[],
): Record<string, string | number>[] {
  return Array.from(ids, (id, row) => {
    const b = sequences[row] ?? -1;
    return {
      row,
      'grid place': rows[row] ?? -1,
      text: b,
      position: positions[row] ?? 0,
      id,
      word: b < 0 ? 'filler' : (words[b]?.[positions[row] ?? 0] ?? ''),
    };
  });
}
