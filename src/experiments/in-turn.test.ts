import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { cacheFolder } from '../packages/manifest';
import { classificationTask } from '../tasks/classification';
import { specNameOf } from '../tasks/own/stored';
import { wordModel, words } from '../training/fixtures/words';
import { train } from '../training/train';
import { measureInTurn } from './in-turn';
import { jobOf, runSpec, type RunSpec } from './store/spec';

const folder = mkdtempSync(join(tmpdir(), 'petl-in-turn-test-'));
const model = wordModel(folder, 'bert');
const rows = Array.from({ length: 80 }, (_, i) => ({
  said: words(i % 10, 20 + ((3 * i) % 17), 40 + (i % 7)),
  one: i % 10 < 5 ? 'low' : 'high',
  two: i % 7 < 3 ? 'near' : i % 7 < 5 ? 'far' : 'gone',
}));
const [one, two] = (['one', 'two'] as const).map((label) =>
  specNameOf(classificationTask({ name: `in-turn-${label}`, rows, text: 'said', label })),
) as [string, string];
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  for (const name of [one, two]) rmSync(join(cacheFolder(), 'own', `${name}.json`), { force: true });
});

const spec = (task: string, method: string): RunSpec =>
  runSpec({
    ...{ study: 'in-turn-test', task, method, model },
    training: { examples: 'all', epochs: 10, batch: 8, learningRate: 0.01, evaluations: 1, dropout: 0 },
  });

it('full fine-tuning on a second task changes what is said of the first, adapters do not', async () => {
  const { task, then, seeds } = await measureInTurn(
    [
      { name: 'full', first: spec(one, 'full'), then: spec(two, 'full') },
      { name: 'adapters', first: spec(one, 'houlsby:m=3'), then: spec(two, 'houlsby:m=3') },
    ],
    () => undefined,
  );
  expect([task, then]).toEqual([one, two]);
  const [{ right }] = seeds as [(typeof seeds)[number]];
  expect(Object.keys(right)).toEqual(['full before', 'full after', 'adapters before', 'adapters after']);
  expect(right['adapters after']).toBe(right['adapters before']);
  expect(right['full after']).not.toBe(right['full before']);
  const { perExample } = await train(jobOf(spec(one, 'full'), 'compiled'), () => undefined);
  expect(right['full before']).toBe(perExample.join(''));
}, 120_000);
