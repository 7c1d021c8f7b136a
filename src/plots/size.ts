import { UserError } from '../errors';

/** Sizes of type in CSS pixels, and of marks against those of a screen, for figures of about one width. */
export interface SizeClass {
  readonly title: number;
  readonly subtitle: number;
  readonly text: number;
  readonly tick: number;
  readonly label: number;
  readonly legend: number;
  readonly marks: number;
  /** Keys stand below the axes, not beside them. */
  readonly keysBelow: boolean;
}

const screen = { title: 17, subtitle: 12.5, text: 13, tick: 12, label: 12, legend: 12.5, marks: 1, keysBelow: false };
/** Two columns of a page, about 174 mm: 8 to 9 points. */
const double = { title: 14.5, subtitle: 11, text: 11.5, tick: 11, label: 11, legend: 11, marks: 0.9, keysBelow: true };
/** One column, about 84 mm: 7 to 7.5 points, what journals ask for at least. */
const column = { title: 12, subtitle: 9.5, text: 10, tick: 9.5, label: 9.5, legend: 9.5, marks: 0.75, keysBelow: true };

/** The class of a figure of this many pixels. */
export function sizeClass(width: number): SizeClass {
  return width < 420 ? column : width < 690 ? double : screen;
}

const units: Readonly<Record<string, number>> = { mm: 96 / 25.4, cm: 96 / 2.54, in: 96, pt: 96 / 72, px: 1 };
const [least, most] = [240, 2400];

/**
 * CSS pixels of `84mm`, `6.8in`, `500px` or a number of pixels; 84 mm and 174 mm are one and two columns of a page.
 * @throws UserError on another unit and on what no figure can be read at
 */
export function pixelsOf(width: string | number): number {
  const [, number, unit = 'px'] = /^(\d+(?:\.\d+)?)(mm|cm|in|pt|px)?$/.exec(String(width)) ?? [];
  const pixels = Math.floor(Number(number) * (units[unit] ?? Number.NaN));
  if (pixels >= least && pixels <= most) return pixels;
  throw new UserError(
    `width ${JSON.stringify(width)}: write one between 64mm and 635mm (${least} and ${most} pixels), as 84mm, 174mm, 6.8in or 500px`,
  );
}
