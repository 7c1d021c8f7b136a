import { UserError } from '../../errors';

const units: Readonly<Record<string, number>> = { MB: 1e6 / 2 ** 20, MiB: 1, GB: 1e9 / 2 ** 20, GiB: 1024 };

/** MiB that a written size says, as of a worker's limit: `2GiB`, `1500MB`. */
export function memoryOf(text: string): number {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?) ?([MG]i?B)$/.exec(text) ?? [];
  const size = Number(number) * (units[unit] ?? NaN);
  if (size > 0) return size;
  throw new UserError(`memory "${text}" is no size: write one such as 2GiB or 1500MB`);
}

const gib = (mb: number): string => `${(mb / 1024).toFixed(1)} GiB`;

/** A run and the peak memory in MiB that its process is foreseen to have; null where that is not known. */
export interface Sized {
  readonly name: string;
  readonly peakMb: number | null;
}

const known = (runs: readonly Sized[]): readonly (Sized & { readonly peakMb: number })[] =>
  runs.flatMap(({ name, peakMb }) => (peakMb === null ? [] : [{ name, peakMb }])).sort((a, b) => b.peakMb - a.peakMb);

/**
 * A process that makes one run after another takes more in the end than its largest run alone: what freed memory is left
 * in pieces. By so much, over studies that were measured (docs/scaling.md).
 */
const leftBehind = 1.12;

/** What so many workers take at most in MiB, one of the largest runs each. */
export function together(runs: readonly Sized[], workers: number): number {
  const largest = known(runs).slice(0, workers);
  const sum = largest.reduce((total, { peakMb }) => total + peakMb, 0);
  return runs.length > workers ? leftBehind * sum : sum;
}

/**
 * Refuses workers that would not fit beside one another, before anything is trained.
 * @param free what processes can still be given, in MiB @param option what says how many, up to the number
 * @throws UserError with how many workers would fit
 */
export function demandRoom(runs: readonly Sized[], workers: number, free: number, option = '--workers '): void {
  const needed = together(runs, workers);
  const [largest] = known(runs);
  if (needed <= free || largest === undefined) return;
  const fits = Array.from({ length: workers }, (_, i) => i + 1).filter((count) => together(runs, count) <= free).length;
  const most = `${gib(largest.peakMb)} (${largest.name})`;
  throw new UserError(
    fits === 0
      ? `a run of this study takes about ${most} of memory, and ${gib(free)} are free: close what else runs, or run it on a larger machine`
      : `${workers} workers would take about ${gib(needed)} of memory, the largest run ${most}, and ${gib(free)} are free: write ${option}${fits}`,
  );
}

/** Refuses runs that a worker's limit would end. @throws UserError that names the largest and how many they are */
export function demandWithin(runs: readonly Sized[], limitMb: number): void {
  const over = known(runs).filter(({ peakMb }) => peakMb > limitMb);
  const [largest] = over;
  if (largest === undefined) return;
  throw new UserError(
    `${over.length} of ${runs.length} runs take more memory than the limit of ${gib(limitMb)} for a worker, ${largest.name} about ${gib(largest.peakMb)}: write a larger --memory`,
  );
}

/** What is foreseen, in a line. */
export function roomLine(runs: readonly Sized[], workers: number, free: number): string {
  const [largest] = known(runs);
  if (largest === undefined)
    return 'how much memory the runs take is not foreseen: their model or data are not here yet';
  return `${workers === 1 ? '1 worker takes' : `${workers} workers take`} at most about ${gib(together(runs, workers))} of memory, the largest run ${gib(largest.peakMb)} (${largest.name}); ${gib(free)} are free`;
}
