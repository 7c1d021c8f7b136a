import { axis, figure, headRoom, ink, softInk } from './figure';
import type { Annotation, Figure, Frame, Numbers, Shape } from './figure';
import { sizeClass } from './size';
import { plain, wrapped } from './text';

/** A part of a system. Columns go from left to right, rows from top to bottom; a box may reach over several rows. */
export interface FlowBox {
  readonly name: string;
  readonly column: number;
  readonly row: number;
  readonly rows?: number;
  readonly lines: readonly string[];
  /** What trains is tinted, what is frozen is grey, what only goes through is white. */
  readonly look: 'trained' | 'frozen' | 'plain';
}

export interface Flow {
  readonly columns: number;
  readonly rows: number;
  readonly boxes: readonly FlowBox[];
  /** Names of boxes: what goes from the first to the second. */
  readonly arrows: readonly (readonly [from: string, to: string])[];
  readonly numbers: Numbers;
}

const looks = {
  trained: { fillcolor: '#fbe3d2', line: { color: '#d55e00', width: 1.6 } },
  frozen: { fillcolor: '#eef1f4', line: { color: '#c3ccd5', width: 1 } },
  plain: { fillcolor: '#ffffff', line: { color: '#c3ccd5', width: 1, dash: 'dot' } },
} as const;

/** Of a step across: the box, and the room for arrows after it. */
const share = 0.74;

/** What goes through a system of frozen and trained parts; from top to bottom where the figure is narrow. */
export function flowPicture(frame: Omit<Frame, 'height'>, flow: Flow): Figure {
  const { label, keysBelow: down } = sizeClass(frame.width);
  const sides = { l: 12, r: 12 };
  const across = down ? flow.rows : flow.columns - 1 + share;
  const pixels = (frame.width - sides.l - sides.r) / across;
  const texts = flow.boxes.map(({ lines, rows = 1 }) => {
    const room = pixels * (down ? rows - 0.08 : share) - 12;
    return lines.flatMap((line) => wrapped(line, room, { size: label, weight: 400 }));
  });
  const heights = texts.map((lines) => lines.length * 1.32 * label + 14);
  const tracks = tracksOf(flow, heights, down);
  const drawn = flow.boxes.map((box, i): Drawn => ({
    box,
    lines: texts[i] ?? [],
    rect: { ...sidesOf(box, down), ...endsOf(box, { tracks, height: heights[i] ?? 0, down }) },
  }));
  const whole = { ...frame, height: 0 };
  const margin = { ...sides, t: headRoom(whole), b: 10 };
  const hidden = { visible: false, fixedrange: true } as const;
  const total = tracks[tracks.length - 1]?.end ?? 0;
  const layout = {
    margin,
    showlegend: false,
    xaxis: axis('', { ...hidden, range: [0, across] }),
    yaxis: axis('', { ...hidden, range: [total, 0] }),
    shapes: drawn.map(boxShape),
    annotations: [
      ...drawn.map((one) => boxText(one, label)),
      ...flow.arrows.map((ends) => arrowOf(ends, drawn, down)),
    ] as Annotation[],
  };
  const height = Math.ceil(total + margin.t + margin.b);
  return figure({ ...whole, height }, { data: [], layout, numbers: flow.numbers });
}

/** From where to where something goes, in pixels from the top. */
interface Track {
  readonly start: number;
  readonly end: number;
}

/** What stands side by side is as tall as the tallest of it; arrows need more room than neighbours. */
function tracksOf(flow: Flow, heights: readonly number[], down: boolean): readonly Track[] {
  const gap = down ? 26 : 18;
  const tracks: Track[] = [];
  for (let t = 0; t < (down ? flow.columns : flow.rows); t++) {
    const own = flow.boxes.flatMap(({ column, row, rows = 1 }, i) =>
      (down ? column === t : row === t && rows === 1) ? [heights[i] ?? 0] : [],
    );
    const start = t === 0 ? 2 : (tracks[t - 1]?.end ?? 0) + gap;
    tracks.push({ start, end: start + Math.max(20, ...own) });
  }
  return tracks;
}

interface Rect {
  readonly x0: number;
  readonly x1: number;
  readonly y0: number;
  readonly y1: number;
}

interface Drawn {
  readonly box: FlowBox;
  readonly rect: Rect;
  readonly lines: readonly string[];
}

function sidesOf({ column, row, rows = 1 }: FlowBox, down: boolean): Pick<Rect, 'x0' | 'x1'> {
  return down ? { x0: row + 0.04, x1: row + rows - 0.04 } : { x0: column, x1: column + share };
}

/** A box over several rows fills them; another is as tall as its words, in the middle of its place. */
function endsOf(
  { column, row, rows = 1 }: FlowBox,
  { tracks, height, down }: { readonly tracks: readonly Track[]; readonly height: number; readonly down: boolean },
): Pick<Rect, 'y0' | 'y1'> {
  const [first, last] = down ? [column, column] : [row, row + rows - 1];
  const [start, end] = [tracks[first]?.start ?? 0, tracks[last]?.end ?? 0];
  if (!down && rows > 1) return { y0: start, y1: end };
  const middle = (start + end) / 2;
  return { y0: middle - height / 2, y1: middle + height / 2 };
}

function boxShape({ box, rect }: Drawn): Partial<Shape> {
  return { type: 'rect', xref: 'x', yref: 'y', ...rect, layer: 'below', ...looks[box.look] };
}

function boxText({ rect, lines }: Drawn, size: number): Partial<Annotation> {
  return {
    x: (rect.x0 + rect.x1) / 2,
    y: (rect.y0 + rect.y1) / 2,
    text: lines.map(plain).join('<br>'),
    showarrow: false,
    font: { size, color: ink },
  };
}

type Point = readonly [x: number, y: number];

/** From edge to edge: along the flow, or across it between two boxes of one column. */
function arrowOf([from, to]: readonly [string, string], drawn: readonly Drawn[], down: boolean): Partial<Annotation> {
  const [a, b] = [from, to].map((name) => {
    const found = drawn.find(({ box }) => box.name === name);
    if (found === undefined) throw new Error(`flow picture: no box "${name}"`);
    return found;
  }) as [Drawn, Drawn];
  const across = a.box.column === b.box.column;
  const [start, end] = across === down ? sideways(a.rect, b.rect) : downwards(a.rect, b.rect);
  return {
    ax: start[0],
    ay: start[1],
    x: end[0],
    y: end[1],
    axref: 'x',
    ayref: 'y',
    text: '',
    showarrow: true,
    arrowhead: 2,
    arrowwidth: 1.3,
    arrowcolor: softInk,
  };
}

/** A place of one side as near as it has to the middle of another. */
function near([low, high]: Point, [from, to]: Point): number {
  const inset = (high - low) / 4;
  return Math.min(high - inset, Math.max(low + inset, (from + to) / 2));
}

function sideways(a: Rect, b: Rect): readonly [Point, Point] {
  const [one, other] = [[a.y0, a.y1] as const, [b.y0, b.y1] as const];
  return [
    [a.x1, near(one, other)],
    [b.x0, near(other, one)],
  ];
}

function downwards(a: Rect, b: Rect): readonly [Point, Point] {
  const [one, other] = [[a.x0, a.x1] as const, [b.x0, b.x1] as const];
  return [
    [near(one, other), a.y1],
    [near(other, one), b.y0],
  ];
}
