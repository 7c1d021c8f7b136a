import { readdirSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { hasDebianIndex } from '../debian';
import { fetchPackages } from '../fetch';
import { dataPrint } from '../fingerprint';
import { isUnpacked, packageNamed } from '../../packages/manifest';
import { taskNamed } from '../registry';
import { examplesOf } from '../pinned';
import { shippedTasks } from './index';
import { sentiment } from './sentiment';

const files = readdirSync(__dirname)
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && name !== 'index.ts')
  .map((name) => name.slice(0, -3));

// 358 MB that are brought on request alone: its task is held to its pin where somebody has asked for it
const asked = isUnpacked(packageNamed('bigbench'));
const packages = [...new Set(shippedTasks.flatMap((task) => task.packages))].filter(
  (name) => name !== 'debian-index' && (name !== 'bigbench' || asked),
);

describe('shipped tasks', { timeout: 300_000 }, () => {
  beforeAll(async () => {
    await fetchPackages(packages);
  }, 300_000);

  it('are the files of their folder, each found by its name', () => {
    expect(shippedTasks.map(({ name }) => name).sort()).toEqual(files.sort());
    for (const task of shippedTasks) expect(taskNamed(task.name)).toBe(task);
  });

  it.each(shippedTasks.filter(({ packages }) => packages.length > 0).map((task) => [task.name, task] as const))(
    '%s has the examples that it is pinned to',
    async (_, task) => {
      if (task.packages.includes('debian-index')) {
        expect(task.print).toBeNull(); // its source changes with Debian's release
        if (hasDebianIndex()) expect((await task.load()).train).toHaveLength(20_000);
      } else if (asked || !task.packages.includes('bigbench')) expect(dataPrint(await task.load())).toEqual(task.print);
      else await expect(task.load()).rejects.toThrow('npx petl fetch bigbench');
    },
  );

  it('refuse examples that are others', async () => {
    const { train, ...rest } = await sentiment.load();
    const shorter = { ...sentiment, load: () => Promise.resolve({ ...rest, train: train.slice(1) }) };
    await expect(examplesOf(shorter)).rejects.toThrow(/7185 train examples \(.*\) are not the 7186 it is pinned to/);
  });
});
