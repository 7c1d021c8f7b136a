import { expect, it } from 'vitest';
import { demandRoom } from './memory';

it('refuses workers that do not fit beside one another, and says how many do', () => {
  const peaks = [900, null, 1900, 1100, 1000];
  expect(() => demandRoom(peaks, 2, 3000)).not.toThrow();
  expect(() => demandRoom(peaks, 3, 3999)).toThrow(
    '3 workers would take about 3.9 GiB of memory, the largest run 1.9 GiB, and 3.9 GiB are free: write --workers 2',
  );
  expect(() => demandRoom(peaks, 1, 1800)).toThrow(
    'a run of this study takes about 1.9 GiB of memory, and 1.8 GiB are free',
  );
  expect(() => demandRoom([null, null], 64, 1)).not.toThrow();
});
