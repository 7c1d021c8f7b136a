import { UserError } from '../../errors';

const gib = (mb: number): string => `${(mb / 1024).toFixed(1)} GiB`;

/**
 * Refuses workers that would not fit beside one another, before anything is trained.
 * @param peaks memory of each run's process in MB, as stored runs like it had; null where there is none
 * @param free what processes can still be given, in MB
 * @throws UserError with how many workers would fit
 */
export function demandRoom(peaks: readonly (number | null)[], workers: number, free: number): void {
  const known = peaks.flatMap((peak) => peak ?? []).sort((a, b) => b - a);
  const needed = (count: number): number => known.slice(0, count).reduce((sum, peak) => sum + peak, 0);
  if (needed(workers) <= free) return;
  const fits = Array.from({ length: workers }, (_, i) => i + 1).filter((count) => needed(count) <= free).length;
  const [largest = 0] = known;
  if (fits === 0)
    throw new UserError(
      `a run of this study takes about ${gib(largest)} of memory, and ${gib(free)} are free: close what else runs, or run it on a larger machine`,
    );
  throw new UserError(
    `${workers} workers would take about ${gib(needed(workers))} of memory, the largest run ${gib(largest)}, and ${gib(free)} are free: write --workers ${fits}`,
  );
}
