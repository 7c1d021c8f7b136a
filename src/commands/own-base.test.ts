import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readConfig, shapeOf } from '../model/checkpoint/config';
import { knownShapes } from '../model/known';
import { ownModels } from '../model/own-models';
import { modelFolder } from '../model/registry';
import { outputOf } from './fixtures/output';
import { forwardCommand } from './forward';
import { generateCommand } from './generate';

interface Expected {
  readonly inputIds: readonly (readonly number[])[];
  readonly mask: readonly (readonly number[])[];
  /** None for a decoder-only model. */
  readonly decoderIds?: readonly (readonly number[])[];
  /** Every `every`th column of the vocabulary. */
  readonly logits: readonly (readonly (readonly number[])[])[];
  readonly every: number;
  readonly texts: readonly { readonly prompt: string; readonly beams: number; readonly tokens: readonly number[] }[];
}

it('carries the base of the first studies', () => {
  expect(ownModels().map(({ name }) => name)).toContain('petl-mini-seq2seq');
});

describe.each(ownModels().map(({ name }) => name))('%s, a base that this project pretrains', (model) => {
  const folder = modelFolder(model);
  const json = <T>(name: string): T => JSON.parse(readFileSync(join(folder, name), 'utf8')) as T;
  const weights = join(folder, 'model.safetensors');

  it('is small enough to be kept here, and is the file that its card describes', () => {
    expect(statSync(weights).size).toBeLessThanOrEqual(25e6);
    const hash = createHash('sha256').update(readFileSync(weights)).digest('hex');
    expect(json<{ readonly sha256: string }>('training.json').sha256).toBe(hash);
    expect(readFileSync(join(folder, 'README.md'), 'utf8')).toContain(hash.slice(0, 16));
    expect(existsSync(join(folder, 'loss.svg'))).toBe(true);
    expect(shapeOf(readConfig(folder))).toEqual(knownShapes[model]);
  });

  it('computes the logits of transformers', async () => {
    const { inputIds, mask, decoderIds, logits, every } = json<Expected>('expected.json');
    const text = await outputOf(forwardCommand, {
      model,
      'input-ids': JSON.stringify(inputIds),
      'attention-mask': JSON.stringify(mask),
      ...(decoderIds && { 'decoder-input-ids': JSON.stringify(decoderIds) }),
      json: true,
    });
    const { values } = JSON.parse(text) as { readonly values: readonly (readonly (readonly number[])[])[] };
    // A decoder alone gives no scores where there is padding.
    const real = (of: typeof values): readonly (readonly number[])[] =>
      of.flatMap((row, at) => row.filter((_, place) => decoderIds !== undefined || mask[at]?.[place] === 1));
    const shown = real(values).map((scores) => scores.filter((_, v) => v % every === 0));
    const [ours, theirs] = [shown.flat(), real(logits).flat()];
    expect(ours).toHaveLength(theirs.length);
    expect(Math.max(...ours.map((score, i) => Math.abs(score - (theirs[i] ?? NaN))))).toBeLessThan(2e-4);
  });

  it('writes the texts of transformers, greedy and by beam search', async () => {
    for (const { prompt, beams, tokens } of json<Expected>('expected.json').texts) {
      const text = await outputOf(generateCommand, {
        model,
        prompt,
        beams: String(beams),
        'max-new-tokens': '32',
        json: true,
      });
      const [written] = JSON.parse(text) as readonly { readonly tokens: readonly number[] }[];
      expect(
        written?.tokens.filter((token) => ![1, 2, 5].includes(token)),
        `${prompt} ${beams}`,
      ).toEqual(tokens);
    }
  });
});
