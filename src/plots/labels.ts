/** Places text labels beside points so that they cover neither each other nor marks. Pixels, y downwards. */

export interface Rect {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export interface LabelPoint {
  readonly x: number;
  readonly y: number;
  /** Size of the text. */
  readonly width: number;
  readonly height: number;
}

export interface Place {
  /**
   * From the point to the text: to its near end, so that a wider font grows away from the point; to its middle above
   * and below.
   */
  readonly dx: number;
  readonly anchor: 'left' | 'center' | 'right';
  /** To the middle of the line. */
  readonly dy: number;
  /** Far enough from its point to need a line to it. */
  readonly far: boolean;
}

export interface Field {
  readonly bounds: Rect;
  readonly obstacles: readonly Rect[];
}

/**
 * Greedy, then several rounds in which every label may move again, beginning with every label and both ways; the
 * cheapest wins. The same input gives the same places.
 */
export function placeLabels(points: readonly LabelPoint[], field: Field): Place[] {
  const indices = [...points.keys()];
  const orders = indices.flatMap((from) => {
    const order = [...indices.slice(from), ...indices.slice(0, from)];
    return [order, [...order].reverse()];
  });
  const settled = orders.map((order) => settle(points, order, field));
  const total = (places: readonly Place[]): number =>
    places.reduce(
      (all, place, i) => all + price(points[i] as LabelPoint, place, surroundings(points, places, { i, field })),
      0,
    );
  const totals = settled.map(total);
  return settled[totals.indexOf(Math.min(...totals))] ?? [];
}

function settle(points: readonly LabelPoint[], order: readonly number[], field: Field): Place[] {
  const places: (Place | undefined)[] = points.map(() => undefined);
  for (let round = 0, moved = true; moved && round < 6; round++) {
    moved = false;
    for (const i of order) {
      const place = best(points[i] as LabelPoint, surroundings(points, places, { i, field }));
      moved ||= place.dx !== places[i]?.dx || place.dy !== places[i].dy;
      places[i] = place;
    }
  }
  return places as Place[];
}

function surroundings(
  points: readonly LabelPoint[],
  places: readonly (Place | undefined)[],
  { i, field }: { readonly i: number; readonly field: Field },
): Surroundings {
  const others = points.flatMap((point, j) => (j === i ? [] : [{ point, place: places[j] }]));
  return {
    taken: others.flatMap(({ point, place }) => (place ? [labelRect(point, place)] : [])),
    marks: others.map(({ point: { x, y } }) => around(x, y, 15, 15)),
    field,
  };
}

interface Surroundings {
  readonly taken: readonly Rect[];
  readonly marks: readonly Rect[];
  readonly field: Field;
}

function best(point: LabelPoint, around: Surroundings): Place {
  let found = candidates(point)[0] as Place;
  let least = Infinity;
  for (const [order, place] of candidates(point).entries()) {
    const asked = price(point, place, around) + 0.02 * order;
    if (asked < least) [found, least] = [place, asked];
  }
  return found;
}

/** Right, left, above, below and between, near first. */
function candidates(point: LabelPoint): Place[] {
  const places: Place[] = [];
  for (const gap of [12, 19, 28, 42, 58]) {
    for (const degrees of [0, 180, -90, 90, -40, 40, -140, 140, -65, 65, -115, 115, -20, 20, -160, 160]) {
      const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
      const anchor = cos > 0.2 ? 'left' : cos < -0.2 ? 'right' : 'center';
      const dy = sin * gap + (Math.abs(sin) > 0.9 ? (Math.sign(sin) * point.height) / 4 : 0);
      places.push({ dx: Math.round(cos * gap), anchor, dy: Math.round(dy), far: gap > 19 });
    }
  }
  return places;
}

function price(point: LabelPoint, place: Place, { taken, marks, field }: Surroundings): number {
  const rect = labelRect(point, place);
  const own = around(point.x, point.y, 16, 16);
  return (
    40 * sum(taken, rect) +
    12 * sum(marks, rect) +
    12 * overlap(own, rect) +
    4 * sum(field.obstacles, rect) +
    60 * outside(rect, field.bounds) +
    40 * (place.far ? crossed(rect, point, marks) + crossed(rect, point, taken) : strangers(rect, point, marks)) +
    distance(place, point)
  );
}

/** Marks of other points about as near to a text as its own: a reader would take it for theirs. */
function strangers(rect: Rect, point: LabelPoint, marks: readonly Rect[]): number {
  const own = gap(rect, point);
  return marks.filter(
    ({ left, right, top, bottom }) => gap(rect, { x: (left + right) / 2, y: (top + bottom) / 2 }) <= 1.5 * own,
  ).length;
}

/** Marks or texts of other points on the line from a point to its text. */
function crossed(rect: Rect, point: LabelPoint, others: readonly Rect[]): number {
  const [end, length] = [nearest(rect, point), gap(rect, point)];
  const steps = Array.from({ length: 12 }, (_, i) => (i + 1) / 12).filter((share) => share * length > 8);
  const line = steps.map((share) =>
    around(point.x + share * (end.x - point.x), point.y + share * (end.y - point.y), 1, 1),
  );
  return others.filter((other) => line.some((spot) => overlap(other, spot) > 0)).length;
}

interface Spot {
  readonly x: number;
  readonly y: number;
}

function nearest(rect: Rect, { x, y }: Spot): Spot {
  return { x: Math.min(Math.max(x, rect.left), rect.right), y: Math.min(Math.max(y, rect.top), rect.bottom) };
}

/** Pixels from a spot to a text. */
function gap(rect: Rect, spot: Spot): number {
  const { x, y } = nearest(rect, spot);
  return Math.hypot(spot.x - x, spot.y - y);
}

/** Pixels between point and text: 0.35 each. */
function distance(place: Place, point: LabelPoint): number {
  const dx = place.anchor === 'center' ? 0 : Math.abs(place.dx);
  const dy = Math.max(0, Math.abs(place.dy) - point.height / 2);
  return 0.35 * Math.hypot(dx, dy) * (place.far ? 2 : 1);
}

export function labelRect(point: LabelPoint, place: Place): Rect {
  const toMiddle = place.anchor === 'left' ? point.width / 2 : place.anchor === 'right' ? -point.width / 2 : 0;
  return around(point.x + place.dx + toMiddle, point.y + place.dy, point.width, point.height);
}

function around(x: number, y: number, width: number, height: number): Rect {
  return { left: x - width / 2, top: y - height / 2, right: x + width / 2, bottom: y + height / 2 };
}

/** Square root of the common area: grows with any overlap, however thin. */
export function overlap(a: Rect, b: Rect): number {
  const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  return width > 0 && height > 0 ? Math.sqrt(width * height) : 0;
}

function sum(rects: readonly Rect[], rect: Rect): number {
  return rects.reduce((total, other) => total + overlap(other, rect), 0);
}

function outside(rect: Rect, bounds: Rect): number {
  return (
    Math.max(0, bounds.left - rect.left) +
    Math.max(0, rect.right - bounds.right) +
    Math.max(0, bounds.top - rect.top) +
    Math.max(0, rect.bottom - bounds.bottom)
  );
}
