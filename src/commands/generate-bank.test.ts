import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openModel } from '../model/open';
import { createDelta } from '../petl/bank/delta';
import { parseMethod } from '../petl/design/written';
import { perturbed } from '../petl/testing/tiny';
import { generationTask } from '../tasks/generation';
import { wordModel } from '../training/fixtures/words';
import { keepTrained } from '../training/kept';
import { Voices } from '../training/voices';
import { outputOf } from './fixtures/output';
import { generateCommand } from './generate';

it('petl generate --bank: writes under the adapter that is named, and refuses what has no effect', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'petl-bank-'));
  const model = wordModel(folder, 'gpt2', false);
  const { backbone } = await openModel(model);
  const method = parseMethod('vlm:r=3+segments:n=3');
  const delta = createDelta(method, backbone.shape, backbone.weights, 1);
  delta.assign(perturbed(delta.variables, 0.4, 2));
  const segments = { names: ['a', 'b', 'c'], read: 'turns', most: 64 } as const;
  const task = generationTask({ name: 'talk', segments, load: () => Promise.reject(new Error('not needed')) });
  const target = { maxLength: 6, decoded: 0, beams: 1, lengthPenalty: 1, minLength: 1, noRepeatNgram: 0 };
  const training = { maxLength: 32, batch: 4, learningRate: 1, precision: 'float32', target };
  const { variables, constants } = delta;
  keepTrained(
    join(folder, 'bank', 'talk'),
    { model, task, method, training } as never,
    { method, shape: backbone.shape, model: await backbone.hash() },
    { variables, constants },
  );
  delta.dispose();
  backbone.dispose();
  const values = { bank: join(folder, 'bank'), task: 'talk', prompt: 'w1 w2\\nw3\\nw4' };
  const input = (more: object): never => ({ positionals: [], values: { ...values, ...more } }) as never;
  const voices = new Voices(values.bank);
  const [expected] = await voices.write([{ task: 'talk', text: 'w1 w2\nw3\nw4' }]);
  voices.dispose();
  const told = JSON.parse(await outputOf(generateCommand, { ...values, json: true })) as object;
  expect(told).toEqual({ task: 'talk', input: 'w1 w2\nw3\nw4', text: expected });
  await expect(generateCommand(input({ beams: '3' }))).rejects.toThrow('--beams has no effect with --bank');
  await expect(generateCommand(input({ task: 'walk' }))).rejects.toThrow('has no adapter "walk"; did you mean "talk"');
  await expect(generateCommand({ positionals: [], values: { task: 'talk', prompt: 'w1' } } as never)).rejects.toThrow(
    '--task names an adapter of a bank',
  );
  rmSync(folder, { recursive: true });
});
