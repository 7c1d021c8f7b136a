import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tf, type Tensors } from '../../engine/tf';
import { loadBackbone } from '../backbone';
import { families, folderOf } from '../fixtures/tiny';
import { bufferShapes } from '../shapes';
import { openWeights } from './open';
import { saveReplaced } from './save';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'petl-save-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const further = join(__dirname, '..', 'fixtures', 'backbones');

/** A folder of a tiny model: those of further families hold their configs beside their weights. */
function source(name: string): string {
  if ((families as readonly string[]).includes(name)) return folderOf(name);
  const from = join(folder, 'source');
  mkdirSync(from);
  const cases = JSON.parse(readFileSync(join(further, name, 'cases.json'), 'utf8')) as {
    readonly variants: { readonly plain: { readonly configs: Readonly<Record<string, object>> } };
  };
  writeFileSync(join(from, 'config.json'), JSON.stringify(Object.values(cases.variants.plain.configs)[0]));
  copyFileSync(join(further, name, 'model.safetensors'), join(from, 'model.safetensors'));
  return from;
}

function valuesIn(path: string): ReadonlyMap<string, Float32Array> {
  const { tensors, close } = openWeights(path);
  const found = new Map(tensors.map(({ name, shape, read }) => [name, read(0, shape[0] ?? 1).slice()]));
  close();
  return found;
}

describe('a saved model', () => {
  it('has the config of its source, numbers as they were written, and float32 weights', () => {
    const from = source('gemma2');
    const text = '{"version": "1.0"}';
    const config = readFileSync(join(from, 'config.json'), 'utf8').replace(/^{/, '{"rms_norm_eps": 1.0,');
    writeFileSync(join(from, 'config.json'), config);
    writeFileSync(join(from, 'tokenizer.json'), text);
    const out = join(folder, 'out');
    mkdirSync(out);
    saveReplaced(out, { folder: from, weights: {}, changed: [] });
    const saved = readFileSync(join(out, 'config.json'), 'utf8');
    expect(saved).toBe(config.replace('"bfloat16"', '"float32"'));
    expect(saved).toContain('"rms_norm_eps": 1.0,');
    expect(readFileSync(join(out, 'tokenizer.json'), 'utf8')).toBe(text);
    expect(readdirSync(out).sort()).toEqual(['config.json', 'model.safetensors', 'tokenizer.json']);
  });

  it.each([...families, ...readdirSync(further)])('%s has every weight where its file had it', (name) => {
    const from = source(name);
    const out = join(folder, 'out');
    mkdirSync(out);
    const model = loadBackbone(from);
    const buffers = Object.keys(bufferShapes(model.shape));
    const changed = Object.keys(model.weights).filter((weight) => !buffers.includes(weight));
    const weights = tf.tidy(() =>
      Object.fromEntries(
        Object.entries(model.weights).map(([weight, tensor]) => [
          weight,
          tf.keep(changed.includes(weight) ? tf.mul(tensor, 2) : tf.clone(tensor)),
        ]),
      ),
    ) as Tensors;
    saveReplaced(out, { folder: from, weights, changed });
    const [before, after] = [valuesIn(from), valuesIn(out)];
    expect([...after.keys()]).toEqual([...before.keys()]);
    const offset = name.startsWith('gemma') ? (stored: string) => (/norm/.test(stored) ? 1 : 0) : () => 0;
    for (const [stored, values] of before) {
      const kept = stored === 'final_logits_bias' || (name === 'pegasus' && stored.endsWith('embed_positions.weight'));
      const meant = kept ? values : values.map((value) => 2 * value + offset(stored)); // 2 (w + 1) - 1
      const found = after.get(stored) as Float32Array;
      const far = meant.reduce((most, value, i) => Math.max(most, Math.abs(value - (found[i] as number))), 0);
      expect(far, stored).toBeLessThanOrEqual(offset(stored) === 0 ? 0 : 1e-6);
    }
    model.dispose();
    tf.dispose(weights);
  });
});
