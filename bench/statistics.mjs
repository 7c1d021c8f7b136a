import { randomStream } from './random.mjs';

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export function geometricMean(values) {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

/** Median of rounds of step times with a 95% interval: rounds are drawn again, then steps inside each. */
export function resampled(rounds, draws = 2000, seed = 5) {
  const random = randomStream(seed);
  const pick = (list) => list[Math.floor(random.uniform() * list.length)];
  const filled = rounds.filter((round) => round.length > 0);
  return Array.from({ length: draws }, () =>
    median(
      filled.flatMap(() => {
        const round = pick(filled);
        return round.map(() => pick(round));
      }),
    ),
  );
}

export function interval(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  return [at(0.025), at(0.975)];
}

/**
 * { ms, ci, draws } of the clean steps; with too few of those, of the half with the least foreign load, and clean is
 * false.
 */
export function summarise(rounds, limit = 0.12) {
  const steps = rounds.flatMap(({ ms }) => ms).length;
  const within = (bound) => rounds.map(({ ms, foreignCpu }) => ms.filter((_, k) => (foreignCpu[k] ?? 0) <= bound));
  const count = (found) => found.flat().length;
  const loads = rounds.flatMap(({ foreignCpu }) => foreignCpu.map((load) => load ?? 0)).sort((a, b) => a - b);
  const clean = count(within(limit)) >= Math.max(5, steps / 4);
  const used = within(clean ? limit : (loads[Math.max(4, steps >> 1)] ?? Infinity));
  const draws = resampled(used);
  return { ms: median(used.flat()), ci: interval(draws), draws, clean, used: count(used), steps };
}

/** Interval of a ratio of two independent medians. */
export function ratio(above, below) {
  return {
    value: above.ms / below.ms,
    ci: interval(above.draws.map((draw, k) => draw / below.draws[(k * 7919) % below.draws.length])),
  };
}
