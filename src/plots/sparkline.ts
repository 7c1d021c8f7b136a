import { linearRange, shortNumber } from './scale';
import { smoothed, type CurvePoint } from './smooth';

const [width, height, left, bottom] = [480, 120, 44, 18];

/** A growing curve as a small SVG, smoothed with its own line faint, drawn in less than a millisecond: training shares the processor with it. */
export function sparkline(points: readonly CurvePoint[], total: number): string {
  const shown = thin(points, 400);
  const values = shown.map((point) => point.value);
  const { from: low, to } = linearRange(values, 0.06);
  // A loss has no negative ticks.
  const from = Math.min(...values) >= 0 ? Math.max(0, low) : low;
  const x = (step: number): string => (left + (step / Math.max(1, total)) * (width - left - 6)).toFixed(1);
  const y = (value: number): string => (4 + ((to - value) / (to - from)) * (height - bottom - 8)).toFixed(1);
  const line = (through: readonly CurvePoint[], look: string): string =>
    `<polyline points="${through.map((point) => `${x(point.step)},${y(point.value)}`).join(' ')}" fill="none" stroke="#0072b2" ${look}/>`;
  const smooth = smoothed(shown);
  const text = (at: number, down: number, words: string, anchor: string): string =>
    `<text x="${at}" y="${down}" text-anchor="${anchor}" font-size="11" fill="#52606d" font-family="sans-serif">${words}</text>`;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" role="img" aria-label="training curve">` +
    `<path d="M${left},4V${height - bottom}H${width - 6}" fill="none" stroke="#9aa5b1"/>` +
    (smooth ? line(shown, 'stroke-width="1" stroke-opacity="0.25"') : '') +
    line(smooth ?? shown, 'stroke-width="1.5"') +
    text(left - 4, 12, shortNumber(to), 'end') +
    text(left - 4, height - bottom, shortNumber(from), 'end') +
    text(left, height - 4, '0', 'middle') +
    text(width - 6, height - 4, `${total} steps`, 'end') +
    '</svg>'
  );
}

/** At most `most` points, the last one among them. */
function thin(points: readonly CurvePoint[], most: number): CurvePoint[] {
  const stride = Math.ceil(points.length / most);
  return points.filter((_, i) => (points.length - 1 - i) % stride === 0);
}
