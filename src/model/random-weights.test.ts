import { describe, expect, it } from 'vitest';
import { tf } from '../engine/tf';
import { loadBackbone } from './backbone';
import { folderOf } from './fixtures/tiny';
import { randomBackbone } from './random-weights';
import { modelNamed, models } from './registry';

describe('a model before any training', () => {
  const before = tf.memory().numTensors;
  const [first, again, other] = [1, 1, 2].map((seed) => randomBackbone(folderOf('bart'), seed));

  it('has the shapes of the trained one, matrices from N(0, 0.02), norms 1 and biases 0', () => {
    const trained = loadBackbone(folderOf('bart'));
    expect(first?.shape).toEqual(trained.shape);
    for (const [name, weight] of Object.entries(trained.weights)) {
      const own = first?.weights[name];
      expect(own?.shape, name).toEqual(weight.shape);
      const values = Array.from(own?.dataSync() ?? []);
      const [mean, square] = [values, values.map((v) => v * v)].map(
        (list) => list.reduce((a, b) => a + b, 0) / list.length,
      );
      if (name.endsWith('gain')) expect([mean, square], name).toEqual([1, 1]);
      else if (name.endsWith('bias')) expect(square, name).toBe(0);
      else expect(Math.abs(Math.sqrt(square ?? 0) - 0.02), name).toBeLessThan(0.002);
    }
    trained.dispose();
  });

  it('is the same for a seed, which its hash tells', async () => {
    expect(await again?.hash()).toBe(await first?.hash());
    expect(await other?.hash()).not.toBe(await first?.hash());
    for (const backbone of [first, again, other]) backbone?.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it("stands beside the project's own base, in the same folder", () => {
    const [base, control] = ['petl-mini-seq2seq', 'petl-mini-seq2seq-random'].map((name) =>
      models.find((model) => model.name === name),
    );
    expect(control).toEqual({ ...base, name: 'petl-mini-seq2seq-random', random: 1 });
    expect(modelNamed(folderOf('bart')).random).toBeNull();
  });
});
