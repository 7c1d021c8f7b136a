import { expect, it } from 'vitest';
import { demandRoom, demandWithin, memoryOf, roomLine } from './memory';

const runs = [900, null, 1900, 1100, 1000].map((peakMb, i) => ({ name: `run ${i}`, peakMb }));

it('refuses workers that do not fit beside one another, and says how many do', () => {
  expect(() => demandRoom(runs, 2, 3361)).not.toThrow(); // 1.12 times 1900 and 1100: each makes more runs than one
  expect(() => demandRoom(runs, 3, 4479)).toThrow(
    '3 workers would take about 4.4 GiB of memory, the largest run 1.9 GiB (run 2), and 4.4 GiB are free: write --workers 2',
  );
  expect(() => demandRoom(runs, 5, 4900)).not.toThrow();
  expect(() => demandRoom(runs, 3, 4479, '--cluster local:')).toThrow(/: write --cluster local:2$/);
  expect(() => demandRoom(runs, 1, 1800)).toThrow(
    'a run of this study takes about 1.9 GiB (run 2) of memory, and 1.8 GiB are free',
  );
  expect(() => demandRoom(runs.slice(1, 2), 64, 1)).not.toThrow();
});

it('refuses runs that a limit would end, and says what is foreseen', () => {
  expect(() => demandWithin(runs, 1900)).not.toThrow();
  expect(() => demandWithin(runs, 1024)).toThrow(
    '2 of 5 runs take more memory than the limit of 1.0 GiB for a worker, run 2 about 1.9 GiB: write a larger --memory',
  );
  expect(roomLine(runs, 2, 4096)).toBe(
    '2 workers take at most about 3.3 GiB of memory, the largest run 1.9 GiB (run 2); 4.0 GiB are free',
  );
  expect(roomLine(runs.slice(1, 2), 2, 4096)).toContain('is not foreseen');
});

it.each([
  ['2GiB', 2048],
  ['1536 MiB', 1536],
  ['1.5GiB', 1536],
  ['2GB', 2e9 / 2 ** 20],
])('reads %s', (text, size) => {
  expect(memoryOf(text)).toBeCloseTo(size, 6);
});

it.each(['', '2', '2 G', '-1GiB', '0GiB', '1e3MB', 'lots'])('refuses "%s" as a size', (text) => {
  expect(() => memoryOf(text)).toThrow(`memory "${text}" is no size: write one such as 2GiB or 1500MB`);
});
