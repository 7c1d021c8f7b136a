import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseMethod } from '../petl/design/written';
import { generationTask, type GenerationTask } from '../tasks/generation';
import { greedyTarget, plain } from './fixtures/settings';
import { wordModel, words } from './fixtures/words';
import type { TrainingOutcome } from './job';
import { train } from './train';

const examples = Array.from({ length: 12 }, (_, i) => ({
  id: `e${i}`,
  text: words(i % 6, 10 + (i % 4), 3),
  target: words(40 + (i % 6)),
}));
/** The same answers in other letters, and one that is wrong: no token of them is what is written. */
const asked = examples.map((one, i) => ({ ...one, target: i === 0 ? 'W99' : `The ${one.target.toUpperCase()}.` }));

describe('a task that is judged by what is written', () => {
  let folder = '';
  let model = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'petl-judged-'));
    model = wordModel(folder, 'gpt2', false);
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  const scored = (metric: GenerationTask['metric'], decoded: number): Promise<TrainingOutcome> =>
    train(
      {
        method: parseMethod('full'),
        model,
        task: generationTask({
          name: `first-word by ${metric}`,
          metric,
          load: () => Promise.resolve({ train: examples, validation: asked.slice(0, 4), test: asked }),
        }),
        training: { ...plain, epochs: 40, maxLength: 32, target: { ...greedyTarget, maxLength: 4, decoded } },
        seed: 1,
        engine: 'compiled',
      },
      (event) => {
        if (event.kind === 'evaluation') validated.push(event.score);
        return undefined;
      },
    );
  const validated: number[] = [];

  it('counts an answer in its normal form, of every example that is scored, and not its tokens', async () => {
    const { perExample, score, metric, written } = await scored('answer-match', 3);
    expect(metric).toBe('answer-match');
    expect(perExample).toEqual(asked.map((_, i) => Number(i > 0)));
    expect(score).toBeCloseTo(11 / 12, 12);
    expect(validated).toEqual([0.75]);
    expect(written?.texts).toEqual(examples.slice(0, 3).map(({ target }) => target));
    expect((await scored('exact-match', 3)).perExample).toEqual(asked.map(() => 0));
  });
});
