import { textWidth } from './fonts';

/** Boxes of drawn text in a page that lays nothing out. Pixels, y downwards. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Affine map (x, y) -> (a x + c y + e, b x + d y + f). */
type Affine = readonly [a: number, b: number, c: number, d: number, e: number, f: number];
const identity: Affine = [1, 0, 0, 1, 0, 0];

/** Smallest box around the texts of an element in its own coordinates, as `getBBox`. */
export function ownBox(element: Element): Box {
  return around(textsOf(element).map((text) => moved(textBox(text), mapTo(text, element))));
}

/** The same in the coordinates of the page, as `getBoundingClientRect`. */
export function pageBox(element: Element): Box {
  return around(textsOf(element).map((text) => moved(textBox(text), mapTo(text, null))));
}

function textsOf(element: Element): Element[] {
  return element.tagName === 'text' ? [element] : [...element.querySelectorAll('text')];
}

function textBox(text: Element): Box {
  const size = sizeOf(text, 12);
  const lines = [...text.querySelectorAll('tspan.line')];
  const width = Math.max(
    0,
    ...(lines.length > 0 ? lines : [text]).map((line) => widthOf(line, size, weightOf(text, 400))),
  );
  const anchor = text.getAttribute('text-anchor') ?? 'start';
  const x = Number(text.getAttribute('x') ?? 0) - width * (anchor === 'middle' ? 0.5 : anchor === 'end' ? 1 : 0);
  // Ascent and line height of Arimo, in em.
  const y = Number(text.getAttribute('y') ?? 0) - 0.905 * size;
  return box(x, y, width, size * (1.15 + 1.3 * Math.max(0, lines.length - 1)));
}

/** Width of a run of text and of the bold, larger or smaller runs inside it. */
function widthOf(node: Element, size: number, weight: number): number {
  let width = 0;
  for (const child of node.childNodes) {
    if (child.nodeType === 3) width += textWidth(child.textContent ?? '', { size, weight });
    else width += widthOf(child as Element, sizeOf(child as Element, size), weightOf(child as Element, weight));
  }
  return width;
}

function sizeOf(element: Element, inherited: number): number {
  const written = (element as SVGElement).style.fontSize;
  if (written === '') return inherited;
  return written.endsWith('%') ? (inherited * Number.parseFloat(written)) / 100 : Number.parseFloat(written);
}

function weightOf(element: Element, inherited: number): number {
  const written = (element as SVGElement).style.fontWeight;
  if (written === '') return inherited;
  return written === 'bold' ? 700 : Number(written) || 400;
}

/** From the coordinates of a text to those of an element around it; all the way up for null. */
function mapTo(text: Element, end: Element | null): Affine {
  let map = identity;
  for (let node: Element | null = text; node !== null && node !== end; node = node.parentElement) {
    map = after(transformOf(node.getAttribute('transform') ?? ''), map);
  }
  return map;
}

function transformOf(written: string): Affine {
  let map = identity;
  for (const [, name, list] of written.matchAll(/(\w+)\(([^)]*)\)/g)) {
    map = after(
      map,
      step(
        name ?? '',
        (list ?? '')
          .split(/[\s,]+/)
          .filter((item) => item !== '')
          .map(Number),
      ),
    );
  }
  return map;
}

function step(name: string, [p = 0, q = 0, s = 0]: readonly number[]): Affine {
  if (name === 'translate') return [1, 0, 0, 1, p, q];
  if (name === 'scale') return [p, 0, 0, q || p, 0, 0];
  if (name !== 'rotate') return identity;
  const [cos, sin] = [Math.cos((p * Math.PI) / 180), Math.sin((p * Math.PI) / 180)];
  return [cos, sin, -sin, cos, q - cos * q + sin * s, s - sin * q - cos * s];
}

/** The map that first does `second`, then `first`: the order of nested groups. */
function after(first: Affine, second: Affine): Affine {
  const [a, b, c, d, e, f] = first;
  const [p, q, r, s, t, u] = second;
  return [a * p + c * q, b * p + d * q, a * r + c * s, b * r + d * s, a * t + c * u + e, b * t + d * u + f];
}

function moved(rect: Box, [a, b, c, d, e, f]: Affine): Box {
  const corners = [
    [rect.left, rect.top],
    [rect.right, rect.top],
    [rect.left, rect.bottom],
    [rect.right, rect.bottom],
  ] as const;
  const points = corners.map(([x, y]) => box(a * x + c * y + e, b * x + d * y + f, 0, 0));
  return around(points);
}

function around(boxes: readonly Box[]): Box {
  if (boxes.length === 0) return box(0, 0, 0, 0);
  const left = Math.min(...boxes.map((b) => b.left));
  const top = Math.min(...boxes.map((b) => b.top));
  return box(left, top, Math.max(...boxes.map((b) => b.right)) - left, Math.max(...boxes.map((b) => b.bottom)) - top);
}

function box(x: number, y: number, width: number, height: number): Box {
  return { x, y, width, height, left: x, top: y, right: x + width, bottom: y + height };
}
