import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tf } from '../../engine/tf';
import { loadBackbone, type Backbone } from '../backbone';
import { decodeText, vocabularyLogits } from '../decoder';
import { plainForward } from '../forward';
import { float32Tensor, tensorsIn, writeTensors } from '../fixtures/files';
import { batchOf, difference, folderOf, type Rows } from '../fixtures/tiny';
import { backbone as countOf, weightShapes } from '../shapes';

/* Which tables of words are one, in every way that transformers 4 and 5 write it (scripts/fixtures/tables.py). */

interface Expected {
  readonly ids: readonly number[];
  readonly decoderIds: readonly number[] | null;
  readonly logits: Rows;
}

const root = folderOf('').replace(/tiny-$/, 'tables');

function logitsOf(model: Backbone, { ids, decoderIds }: Expected): Rows {
  return tf.tidy(() => {
    const batch = (row: readonly number[]) => batchOf([row], [row.map(() => 1)]);
    const pair = decoderIds === null ? { target: batch(ids) } : { source: batch(ids), target: batch(decoderIds) };
    return vocabularyLogits(model, decodeText(model, pair, plainForward)).arraySync() as number[][];
  });
}

describe('tables as transformers wrote them', () => {
  it.each(readdirSync(root))('%s: the logits of the version that wrote it', (name) => {
    const expected = JSON.parse(readFileSync(join(root, name, 'expected.json'), 'utf8')) as Expected;
    const model = loadBackbone(join(root, name));
    const found = tf.tensor2d(logitsOf(model, expected) as number[][]);
    expect(difference(found, expected.logits)).toBeLessThan(2e-5);
    expect(found.shape).toEqual([expected.logits.length, 20]);
    const sizes = Object.values(weightShapes(model.shape)).map((shape) => shape.reduce((a, b) => a * b, 1));
    expect(countOf(model.shape)).toBe(sizes.reduce((a, b) => a + b, 0));
    found.dispose();
    model.dispose();
  });
});

describe('tables that a file holds twice', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'petl-tables-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  function withTable(family: string, table: string, from: string | undefined, version: string): () => Backbone {
    cpSync(folderOf(family), folder, { recursive: true });
    const [config, path] = [join(folder, 'config.json'), join(folder, 'model.safetensors')];
    const tensors = tensorsIn(path);
    const added = from === undefined ? float32Tensor([100, 32], (i) => i % 3) : tensors[from];
    writeTensors(path, { ...tensors, ...(added && { [table]: added }) });
    writeFileSync(config, readFileSync(config, 'utf8').replace('5.23.0', version));
    return () => loadBackbone(folder);
  }

  it.each([
    ['gpt2', 'lm_head.weight', 'transformer.wte.weight'],
    ['llama', 'lm_head.weight', 'model.embed_tokens.weight'],
    ['bart', 'model.encoder.embed_tokens.weight', 'model.shared.weight'],
    ['t5', 'decoder.embed_tokens.weight', 'shared.weight'],
  ])('%s: a copy is no table of its own', (family, table, from) => {
    const [model, plain] = [withTable(family, table, from, '4.57.6')(), loadBackbone(folderOf(family))];
    expect(model.shape).toEqual(plain.shape);
    expect(Object.keys(model.weights).sort()).toEqual(Object.keys(plain.weights).sort());
    model.dispose();
    plain.dispose();
  });

  it.each([
    ['gpt2', 'lm_head.weight'],
    ['llama', 'lm_head.weight'],
    ['bart', 'model.decoder.embed_tokens.weight'],
    ['t5', 'encoder.embed_tokens.weight'],
    ['t5-v1-1', 'encoder.embed_tokens.weight'],
  ])('%s: another one is refused where the config ties it and transformers 4 wrote the file', (family, table) => {
    expect(withTable(family, table, undefined, '4.57.6')).toThrow(
      /differs from .*transformers 4 drops it and transformers 5 uses it: save the model again/,
    );
  });

  it('a model of transformers 5 uses its own', () => {
    const model = withTable('llama', 'lm_head.weight', undefined, '5.23.0')();
    expect(model.shape.output.kind).toBe('own');
    model.dispose();
  });
});
