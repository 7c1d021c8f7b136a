import { headRoom, type Frame } from './figure';
import type { Keys } from './keys';
import { sizeClass, type SizeClass } from './size';

/** One panel: its places from left to right. */
export interface GapPanel {
  readonly title: string;
  readonly places: readonly string[];
  /** Drawn on a scale of its own; panels without share one. */
  readonly alone?: boolean;
}

/** Of a panel, in parts of all that is between the margins. */
export interface Domain {
  readonly x: [number, number];
  readonly y: [number, number];
}

export interface Places {
  readonly at: readonly Domain[];
  readonly height: number;
  readonly margin: { readonly l: number; readonly r: number; readonly t: number; readonly b: number };
}

const between = 0.06;

/** Pixels below the axes that places of two lines and a title need. */
export function footOf({ keysBelow, tick }: SizeClass): number {
  return keysBelow ? 5.6 * tick : 72;
}

/** From left to right, as wide as their places are many. */
function beside(panels: readonly GapPanel[]): readonly Domain[] {
  const all = panels.reduce((sum, { places }) => sum + places.length, 0);
  let from = 0;
  return panels.map(({ places }) => {
    const x: [number, number] = [from, from + ((1 - between * (panels.length - 1)) * places.length) / all];
    from = x[1] + between;
    return { x, y: [0, 1] };
  });
}

/** From top to bottom, each as tall as the next. @param gap between two, in parts of the whole */
function stacked(count: number, gap: number): readonly Domain[] {
  const each = (1 - gap * (count - 1)) / count;
  return Array.from({ length: count }, (_, i) => {
    const from = (count - 1 - i) * (each + gap);
    return { x: [0, 1], y: [from, from + each] };
  });
}

/** Panels beside each other on a screen, one below the other on paper; keys and notes beside or below them. */
export function placesOf(
  panels: readonly GapPanel[],
  { frame, keys, below }: { readonly frame: Frame; readonly keys: Keys; readonly below: number },
): Places {
  const [top, sizes] = [headRoom(frame), sizeClass(frame.width)];
  const foot = footOf(sizes);
  if (!sizes.keysBelow) {
    const margin = { l: 72, r: 150, t: top, b: foot + 8 + below };
    return { margin, height: Math.ceil(top + 330 + margin.b), at: beside(panels) };
  }
  const margin = { l: 5.2 * sizes.tick, r: 12, t: top, b: foot + below + keys.height };
  const inner = panels.length * 0.5 * frame.width + (panels.length - 1) * (foot + 8);
  return { margin, height: Math.ceil(top + inner + margin.b), at: stacked(panels.length, (foot + 8) / inner) };
}
