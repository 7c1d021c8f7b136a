import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UserError } from '../errors';
import { folderOf } from './fixtures/tiny';
import { openModel } from './open';
import { modelNamed } from './registry';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'petl-pooling-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function asks(family: string, pooling: Readonly<Record<string, unknown>> | undefined): string {
  cpSync(folderOf(family), folder, { recursive: true });
  mkdirSync(join(folder, '1_Pooling'));
  if (pooling !== undefined) writeFileSync(join(folder, '1_Pooling', 'config.json'), JSON.stringify(pooling));
  return folder;
}

const usual = {
  word_embedding_dimension: 32,
  pooling_mode_cls_token: false,
  pooling_mode_mean_tokens: true,
  pooling_mode_max_tokens: false,
  pooling_mode_mean_sqrt_len_tokens: false,
};
const cls = { ...usual, pooling_mode_cls_token: true, pooling_mode_mean_tokens: false };

describe('1_Pooling/config.json', () => {
  it.each([
    [usual, 'mean'],
    [cls, 'first'],
    [{ ...cls, pooling_mode_weightedmean_tokens: false, pooling_mode_lasttoken: false, include_prompt: true }, 'first'],
    [{ word_embedding_dimension: 32 }, 'mean'],
    [{ embedding_dimension: 32, pooling_mode: 'cls', include_prompt: true }, 'first'],
    [{ embedding_dimension: 32, pooling_mode: ['mean'] }, 'mean'],
  ])('%j is computed', (config, pooling) => {
    expect(modelNamed(asks('bert', config)).pooling).toBe(pooling);
  });

  it.each([
    [{ ...cls, pooling_mode_cls_token: false, pooling_mode_max_tokens: true }, /asks for pooling by max, and/],
    [{ ...cls, pooling_mode_max_tokens: true }, /asks for pooling by cls and max, and/],
    [{ ...cls, pooling_mode_cls_token: false, pooling_mode_weightedmean_tokens: true }, /by weightedmean/],
    [{ ...cls, pooling_mode_cls_token: false }, /asks for pooling by nothing/],
    [{ pooling_mode_cls_token: true }, /asks for pooling by cls and mean/],
    [{ pooling_mode: ['mean', 'cls'] }, /asks for pooling by mean and cls/],
    [{ pooling_mode: 'median' }, /asks for pooling by median/],
    [{ ...usual, pooling_mode_mean_tokens: 1 }, /"pooling_mode_mean_tokens" must be true or false, not 1/],
    [{ ...usual, brand_new: 1 }, /sets "brand_new"/],
    [undefined, /config\.json is missing/],
  ])('%j is refused by name', (config, message) => {
    const path = asks('bert', config);
    expect(() => modelNamed(path)).toThrow(message);
    expect(() => modelNamed(path)).toThrow(UserError);
  });

  it('by the last token is read of decoders alone', async () => {
    const last = { ...cls, pooling_mode_cls_token: false, pooling_mode_lasttoken: true };
    await expect(openModel(asks('bert', last))).rejects.toThrow(/read by the last token, which decoders alone are/);
    rmSync(folder, { recursive: true });
    const { backbone } = await openModel(asks('llama', last));
    expect(backbone.shape.pooling).toBe('last');
    backbone.dispose();
  });
});
