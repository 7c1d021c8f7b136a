import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { upload } from '../engine/memory';
import { tf, type Tensors } from '../engine/tf';
import { disposeTree } from '../engine/tree';
import { uploadBatch } from '../model/batch';
import { decode, vocabularyLogits } from '../model/decoder';
import { Generator } from '../model/generation/generate';
import { greedy } from '../model/generation/settings';
import { packTogether } from '../model/packing';
import { createDelta } from '../petl/bank/delta';
import { loadDelta, saveDelta } from '../petl/bank/store';
import { parseMethod } from '../petl/design/written';
import { adaptationOf } from '../petl/forms/adaptation';
import { tinyModel } from '../petl/testing/fixtures';
import { generationTask } from '../tasks/generation';
import { wordModel, words } from './fixtures/words';
import type { TrainingJob, TrainingOutcome } from './job';
import { train } from './train';
import { greedyTarget, plain } from './fixtures/settings';

const folder = mkdtempSync(join(tmpdir(), 'petl-segments-'));
const model = tinyModel('gpt2');
afterAll(() => {
  rmSync(folder, { recursive: true });
  model.dispose();
});

/** Task embeddings that are far from zero, each its own. */
function loud(written: string): ReturnType<typeof createDelta> {
  const delta = createDelta(parseMethod(written), model.shape, model.weights, 3);
  const moved: Tensors = Object.fromEntries(
    Object.entries(delta.variables).map(([name, tensor]) => [
      name,
      upload(
        Float32Array.from({ length: tensor.size }, (_, i) => Math.sin(i * 1.7 + name.length)),
        tensor.shape,
      ),
    ]),
  );
  delta.assign(moved);
  return delta;
}

const inputs = [
  [5, 17, 42, 8, 63],
  [60, 3, 85],
];
const segments = {
  read: [
    [0, 0, 1, 2, 1],
    [0, 1, 1],
  ],
  written: [2, 2],
};
const settings = { ...greedy, maxNewTokens: 6 };
const special = { end: [], pad: 1, start: null, forcedFirst: null, forcedLast: null };

describe('task embeddings', () => {
  it.each(['segments:n=3', 'vlm:r=4+segments:n=3'])(
    '%s: texts written with a cache are those of reading everything anew, each token in its segment',
    async (written) => {
      const delta = loud(written);
      const adaptation = adaptationOf(delta);
      const generator = new Generator(model, adaptation);
      const found = await generator.generate(inputs, { settings, special, segments });
      const texts = inputs.map((ids, row) => ({ ids: [...ids], types: [...(segments.read[row] ?? [])] }));
      const anew: number[][] = [[], []];
      for (let step = 0; step < settings.maxNewTokens; step++)
        tf.tidy(() => {
          const { frozen, forward } = adaptation.apply(model, adaptation.tensors);
          const hidden = decode(frozen, uploadBatch(packTogether(texts)), { ...forward, read: 'last' });
          tf.argMax(vocabularyLogits(frozen, hidden), 1)
            .dataSync()
            .forEach((token, row) => {
              anew[row]?.push(token);
              texts[row]?.ids.push(token);
              texts[row]?.types.push(2);
            });
        });
      expect(found.map(({ tokens }) => tokens)).toEqual(anew);
      const beams = {
        ...settings,
        search: { kind: 'beam', beams: 2, lengthPenalty: 1, earlyStopping: false },
      } as const;
      const both = await generator.generate(inputs, { settings: beams, special, segments });
      const alone = await generator.generate(inputs.slice(1), {
        settings: beams,
        special,
        segments: { read: segments.read.slice(1), written: [2] },
      });
      expect(both[1]?.tokens).toEqual(alone[0]?.tokens);
      const elsewhere = await generator.generate(inputs, {
        settings,
        special,
        segments: { ...segments, written: [0, 0] },
      });
      expect(elsewhere.map(({ tokens }) => tokens)).not.toEqual(anew);
      generator.dispose();
      delta.dispose();
    },
  );

  it('come back from a file as they were saved', () => {
    const delta = loud('vlm:r=4+segments:n=3');
    const base = { name: 'tiny', hash: 'abc' };
    saveDelta(join(folder, 'saved'), delta, base);
    const { delta: read } = loadDelta(join(folder, 'saved'), model.shape, base);
    expect(read.method).toEqual(delta.method);
    for (const [name, tensor] of Object.entries(delta.variables))
      expect(read.variables[name]?.dataSync(), name).toEqual(tensor.dataSync());
    disposeTree([read.variables, read.constants]);
    delta.dispose();
  });
});

describe('training with task embeddings', { timeout: 120_000 }, () => {
  const rows = Array.from({ length: 8 }, (_, i) => ({
    source: [words(1, 2), words(3 + i), words(20 + i, 30 + i)].join('\n'),
    target: words(40 + 3 * i, 50 + i),
  }));
  const examples = rows.map(({ source, target }, i) => ({ id: String(i), text: source, target }));
  const whole = { train: examples, validation: examples, test: examples };
  const task = generationTask({
    name: 'turns',
    segments: { names: ['first', 'other', 'own'], read: 'turns', most: 64 },
    load: () => Promise.resolve(whole),
  });
  const job = (method: string, epochs: number): TrainingJob => ({
    method: parseMethod(method),
    model: wordModel(folder, 'gpt2', false),
    task,
    seed: 1,
    engine: 'compiled',
    training: { ...plain, epochs, maxLength: 32, target: { ...greedyTarget, maxLength: 8 } },
  });
  const run = (method: string, epochs: number): Promise<TrainingOutcome> => train(job(method, epochs), () => undefined);

  it('learns eight answers by heart and writes them word for word', async () => {
    const { written, loss } = await run('full+segments:n=3', 60);
    expect(written?.texts).toEqual(rows.map(({ target }) => target));
    expect(loss).toBeLessThan(0.05);
  });

  it('moves the rows alone, and says how many a task needs', async () => {
    const [before, after] = [await run('segments:n=3', 1), await run('segments:n=3', 20)];
    expect(after.loss).toBeLessThan(before.loss);
    await expect(run('vlm:r=4+segments:n=2', 1)).rejects.toThrow(
      'task "turns" has 3 segments and method "vlm:r=4+segments:n=2" rows for 2: write segments:n=3',
    );
  });
});
