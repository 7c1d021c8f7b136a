export interface CurvePoint {
  readonly step: number;
  readonly value: number;
}

/** Fewer points than this are read as they are. */
const fewest = 30;

/** Each point's mean with its neighbours, a twentieth of all points; undefined where there is too little to smooth. */
export function smoothed(points: readonly CurvePoint[]): readonly CurvePoint[] | undefined {
  if (points.length < fewest) return undefined;
  const sums = [0];
  for (const { value } of points) sums.push((sums[sums.length - 1] ?? 0) + value);
  const side = Math.ceil(points.length / 40);
  return points.map(({ step }, i) => {
    const [from, to] = [Math.max(0, i - side), Math.min(points.length, i + side + 1)];
    return { step, value: ((sums[to] ?? 0) - (sums[from] ?? 0)) / (to - from) };
  });
}
