import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { projectRoot } from '../project';
import { answersOf } from './fixtures/side';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'petl-large-'));
  writeLarge(folder);
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A Llama of 300 MB in float32, all zeros: the file is a header and a hole. */
function writeLarge(path: string): void {
  const [width, ffn, layers, vocabulary] = [1024, 4096, 4, 8192];
  const matrices: Record<string, readonly number[]> = {
    'model.embed_tokens.weight': [vocabulary, width],
    'model.norm.weight': [width],
  };
  for (let i = 0; i < layers; i++) {
    for (const part of ['q', 'k', 'v', 'o'])
      matrices[`model.layers.${i}.self_attn.${part}_proj.weight`] = [width, width];
    for (const part of ['gate', 'up']) matrices[`model.layers.${i}.mlp.${part}_proj.weight`] = [ffn, width];
    matrices[`model.layers.${i}.mlp.down_proj.weight`] = [width, ffn];
    for (const part of ['input', 'post_attention']) matrices[`model.layers.${i}.${part}_layernorm.weight`] = [width];
  }
  let at = 0;
  const header = JSON.stringify(
    Object.fromEntries(
      Object.entries(matrices).map(([name, shape]) => [
        name,
        { dtype: 'F32', shape, data_offsets: [at, (at += 4 * shape.reduce((a, b) => a * b, 1))] },
      ]),
    ),
  );
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  writeFileSync(join(path, 'model.safetensors'), Buffer.concat([length, Buffer.from(header)]));
  truncateSync(join(path, 'model.safetensors'), 8 + header.length + at);
  writeFileSync(
    join(path, 'config.json'),
    JSON.stringify({
      model_type: 'llama',
      hidden_size: width,
      intermediate_size: ffn,
      num_hidden_layers: layers,
      num_attention_heads: 16,
      num_key_value_heads: 16,
      vocab_size: vocabulary,
      tie_word_embeddings: true,
      rms_norm_eps: 1e-5,
      eos_token_id: 0,
    }),
  );
}

interface Loaded {
  readonly float32Mb: number;
  readonly loadMb: number;
}

describe('a side of the generation benchmark', () => {
  it.each([
    ['f32', 1.3],
    ['bf16', 0.9],
  ] as const)(
    'loading in %s takes at most %d times the float32 size: no second copy of the weights',
    (precision, most) => {
      const [loaded, written] = answersOf(
        'bench-generate',
        { setup: { model: folder, precision } },
        { generate: { inputs: [[1, 2, 3]], tokens: 4, times: 1 } },
      ) as unknown as [Loaded, { readonly tokens: number[][] }];
      expect(loaded.float32Mb).toBeGreaterThan(280);
      expect(loaded.loadMb / loaded.float32Mb).toBeGreaterThan(precision === 'f32' ? 0.9 : 0.45);
      expect(loaded.loadMb / loaded.float32Mb).toBeLessThan(most);
      expect(written.tokens).toEqual([[0, 0, 0, 0]]);
    },
  );

  it('answers a fault with an error and goes on', () => {
    const [bad, good] = answersOf(
      'bench-generate',
      { setup: { model: 'no-such-model', precision: 'f32' } },
      { setup: { model: join(projectRoot(), 'src/model/fixtures/tiny-llama'), precision: 'f32' } },
    );
    expect(bad).toMatchObject({ error: expect.stringContaining('unknown model "no-such-model"') as unknown });
    expect(good).toMatchObject({ ready: true });
  });
});
