import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { live } from '../engine/memory';
import { expectedOf, folderOf, realTokens } from '../model/fixtures/tiny';
import { openModel, type Model } from '../model/open';
import { createDelta } from '../petl/bank/delta';
import { parseMethod } from '../petl/design/written';
import { modelTable } from './model-table';
import { disturb, nextScores, write } from './own-model';
import { refusedModels } from './refused-models';

const gguf = `${folderOf('gguf')}/tiny.gguf`;

describe('a model of your own', () => {
  let gpt2: Model;
  let llama: Model;
  beforeAll(async () => {
    gpt2 = await openModel(folderOf('gpt2'));
    llama = await openModel(gguf);
  });
  afterAll(() => {
    gpt2.backbone.dispose();
    llama.backbone.dispose();
  });

  it('scores the next token as transformers does, and leaves nothing behind', () => {
    const [first] = expectedOf('gpt2').cases;
    const [ids] = realTokens(first!.ids, first!.mask);
    const before = live();
    const scores = nextScores(gpt2, ids!);
    expect(live()).toEqual(before);
    const last = first!.logits![ids!.length - 1]!;
    scores.forEach((score, i) => {
      expect(score).toBeCloseTo(last[i]!, 4);
    });
  });

  it('writes token for token as transformers does', async () => {
    const [test] = expectedOf('gpt2').generations;
    expect(await write(gpt2, realTokens(test!.ids, test!.mask)[1]!, { maxNewTokens: test!.maxNewTokens })).toEqual(
      test!.tokens[1],
    );
  });

  it('hands over text as it comes', async () => {
    let text = '';
    const tokens = await write(llama, [5, 17, 42], {
      maxNewTokens: 6,
      noRepeatNgram: 2,
      onText: (piece) => {
        text += piece;
      },
    });
    expect(text).toBe(llama.tokenizer!.decode(tokens));
    expect(text).not.toBe('');
  });

  it('writes the same under a fresh LoRA and something else under a disturbed one', async () => {
    const delta = createDelta(parseMethod('lora:r=2'), gpt2.backbone.shape, gpt2.backbone.weights, 1);
    const plain = await write(gpt2, [5, 17, 42], { maxNewTokens: 8 });
    expect(await write(gpt2, [5, 17, 42], { maxNewTokens: 8, delta })).toEqual(plain);
    disturb(delta, 1);
    expect(await write(gpt2, [5, 17, 42], { maxNewTokens: 8, delta })).not.toEqual(plain);
    delta.dispose();
  });

  it('is described by its shape', () => {
    expect(modelTable([gpt2, llama]).rows.map((row) => row.slice(0, 8))).toEqual([
      ['tiny-gpt2', 'gpt2', '2 decoder', '32', '4 × 8', 'layer, pre', 'learned', 'geluTanh 64'],
      ['tiny.gguf', 'llama', '2 decoder', '32', '4 × 8, 2 for keys', 'rms, pre', 'rotary', 'silu 64, gated'],
    ]);
  });
});

describe('what is refused', () => {
  it('is refused in one line each, without the temporary folder', async () => {
    const { rows } = await refusedModels(folderOf('gpt2'), gguf);
    expect(rows).toHaveLength(9);
    for (const [what, message] of rows) {
      expect(what).toMatch(/^an? |^half |^weights|^config/);
      expect(message).not.toMatch(/not refused|petl-refused|\n/);
      expect(message!.length).toBeGreaterThan(30);
    }
  });
});
