import { axis, figure, headRoom, ink, softInk } from './figure';
import type { Annotation, Figure, Frame, Numbers, Shape } from './figure';
import { textWidth } from './fonts';
import { sizeClass } from './size';
import { plain, wrapped } from './text';

/** A part of a block: boxes of one row stand side by side. Rows are counted from below. */
export interface Part {
  readonly row: number;
  /** From 0 to 1 across the block. */
  readonly from: number;
  readonly to: number;
  readonly text: string;
  /** What is said where there is no room for the text. */
  readonly short: string;
  /** Its weights train. */
  readonly trained: boolean;
}

/** What a method puts beside a block. Heights are in rows: it reads the vector at one and changes that at the other. */
export interface Insert {
  readonly lines: readonly string[];
  readonly reads: number | null;
  readonly changes: number;
  readonly colour: string;
}

export interface BlockPicture {
  readonly rows: number;
  readonly parts: readonly Part[];
  readonly inserts: readonly Insert[];
  readonly numbers: Numbers;
}

/** Of the width: the block, the room for arrows, the inserts. */
const block = { from: 0, to: 0.42 };
const inserts = { from: 0.53, to: 0.996 };
const [frozen, frozenLine, trainedFill, trainedLine] = ['#eef1f4', '#c3ccd5', '#fbe3d2', '#d55e00'];

/** A transformer block drawn from below, with what a method inserts to the right of where it sits. */
export function blockPicture(frame: Omit<Frame, 'height'>, picture: BlockPicture): Figure {
  const sizes = sizeClass(frame.width);
  const sides = { l: 14, r: 14 };
  const room = (inserts.to - inserts.from) * (frame.width - sides.l - sides.r) - 12;
  const style = { size: sizes.label, weight: 400 };
  const texts = picture.inserts.map(({ lines }) => lines.flatMap((line) => wrapped(line, room, style)));
  const line = 1.32 * sizes.label;
  const heights = texts.map((lines) => lines.length * line + 10);
  const needed = heights.reduce((sum, height) => sum + height + 8, 0);
  const unit = Math.max(3.1 * sizes.label, needed / picture.rows);
  const places = spread(
    picture.inserts.map(({ changes }, i) => ({ wish: (changes - 0.3) * unit, height: heights[i] ?? 0 })),
    picture.rows * unit,
  );
  const whole = { ...frame, height: 0 };
  const margin = { ...sides, t: headRoom(whole), b: 12 };
  const height = Math.ceil(picture.rows * unit + margin.t + margin.b);
  const hidden = { visible: false, fixedrange: true } as const;
  const drawn = picture.inserts.map((insert, i) =>
    insertMarks(insert, {
      place: places[i] ?? 0,
      height: heights[i] ?? 0,
      texts: texts[i] ?? [],
      unit,
      size: sizes.label,
    }),
  );
  const layout = {
    margin,
    showlegend: false,
    xaxis: axis('', { ...hidden, range: [0, 1] }),
    yaxis: axis('', { ...hidden, range: [0, picture.rows * unit] }),
    shapes: [
      stream(picture.rows * unit),
      ...picture.parts.map((part) => partShape(part, unit)),
      ...drawn.flatMap(({ shapes }) => shapes),
    ],
    annotations: [
      ...picture.parts.map((part) => partText(part, { unit, width: frame.width, size: sizes.label })),
      ...drawn.flatMap(({ annotations }) => annotations),
    ] as Annotation[],
  };
  return figure({ ...whole, height }, { data: [], layout, numbers: picture.numbers });
}

interface Wish {
  readonly wish: number;
  readonly height: number;
}

/** Middles as near to what is wished as boxes that must not touch allow, in the order of the wishes. */
function spread(wishes: readonly Wish[], top: number): readonly number[] {
  const order = [...wishes.keys()].sort((a, b) => (wishes[a]?.wish ?? 0) - (wishes[b]?.wish ?? 0));
  const middles = wishes.map(() => 0);
  let below = 0;
  for (const i of order) {
    const { wish = 0, height = 0 } = wishes[i] ?? {};
    middles[i] = Math.max(wish, below + height / 2 + 4);
    below = middles[i] + height / 2 + 4;
  }
  let above = top;
  for (const i of [...order].reverse()) {
    const height = wishes[i]?.height ?? 0;
    middles[i] = Math.min(middles[i] ?? 0, above - height / 2 - 4);
    above = middles[i] - height / 2 - 4;
  }
  return middles;
}

const across = (share: number): number => block.from + share * (block.to - block.from);

function stream(top: number): Partial<Shape> {
  const middle = across(0.5);
  return {
    type: 'line',
    xref: 'x',
    yref: 'y',
    x0: middle,
    x1: middle,
    y0: 0,
    y1: top,
    layer: 'below',
    line: { color: frozenLine, width: 2 },
  };
}

function partShape({ row, from, to, trained }: Part, unit: number): Partial<Shape> {
  return {
    type: 'rect',
    xref: 'x',
    yref: 'y',
    x0: across(from) + 0.004,
    x1: across(to) - 0.004,
    y0: (row + 0.18) * unit,
    y1: (row + 0.82) * unit,
    fillcolor: trained ? trainedFill : frozen,
    line: { color: trained ? trainedLine : frozenLine, width: trained ? 1.6 : 1 },
    layer: 'below',
  };
}

interface PartSizes {
  readonly unit: number;
  readonly width: number;
  readonly size: number;
}

function partText({ row, from, to, text, short }: Part, { unit, width, size }: PartSizes): Partial<Annotation> {
  const room = (to - from) * (block.to - block.from) * (width - 28) - 10;
  const style = { size, weight: 400 };
  const fits = (lines: readonly string[]): number => {
    const widest = Math.max(...lines.map((one) => textWidth(one, style)));
    return Math.min(1, room / widest, (0.62 * unit) / (lines.length * 1.3 * size));
  };
  const whole = wrapped(text, room, style);
  const lines = fits(whole) < 0.8 ? wrapped(short, room, style) : whole;
  const fitting = fits(lines);
  return {
    x: across((from + to) / 2),
    y: (row + 0.5) * unit,
    text: lines.map(plain).join('<br>'),
    showarrow: false,
    font: { size: size * fitting, color: ink },
  };
}

interface InsertPlace {
  readonly place: number;
  readonly height: number;
  readonly texts: readonly string[];
  readonly unit: number;
  readonly size: number;
}

interface Marks {
  readonly shapes: readonly Partial<Shape>[];
  readonly annotations: readonly Partial<Annotation>[];
}

/** The box with a line from what it reads and an arrow to what it changes. */
function insertMarks({ reads, changes, colour }: Insert, { place, height, texts, unit, size }: InsertPlace): Marks {
  const [low, high] = [place - height / 2, place + height / 2];
  const box: Partial<Shape> = {
    type: 'rect',
    xref: 'x',
    yref: 'y',
    x0: inserts.from,
    x1: inserts.to,
    y0: low,
    y1: high,
    fillcolor: '#ffffff',
    line: { color: colour, width: 1.6 },
  };
  const text: Partial<Annotation> = {
    x: inserts.from + 0.008,
    xanchor: 'left',
    y: place,
    text: texts.map(plain).join('<br>'),
    align: 'left',
    showarrow: false,
    font: { size, color: ink },
  };
  const to = arrow([inserts.from, place + height / 6], [across(1), changes * unit], { colour, head: 3 });
  if (reads === null) return { shapes: [box], annotations: [text, to] };
  const from = arrow([across(1), reads * unit], [inserts.from, place - height / 6], { colour: softInk, head: 2 });
  return { shapes: [box], annotations: [text, to, from] };
}

type Point = readonly [x: number, y: number];

function arrow(
  [ax, ay]: Point,
  [x, y]: Point,
  { colour, head }: { readonly colour: string; readonly head: number },
): Partial<Annotation> {
  return {
    x,
    y,
    ax,
    ay,
    axref: 'x',
    ayref: 'y',
    text: '',
    showarrow: true,
    arrowhead: head,
    arrowsize: 1,
    arrowwidth: 1.3,
    arrowcolor: colour,
    standoff: 0,
  };
}
