import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseMethod } from '../petl/design/written';
import { generationTask } from '../tasks/generation';
import { greedyTarget, plain } from './fixtures/settings';
import { wordModel, words } from './fixtures/words';
import type { Gives, Stage, TrainingJob, TrainingSettings } from './job';
import { Session } from './session';
import { train } from './train';

const examples = Array.from({ length: 24 }, (_, i) => ({
  id: `e${i}`,
  text: words(i % 6, 10 + (i % 4), 3),
  target: words(40 + (i % 6)),
}));
const task = generationTask({
  name: 'first-word',
  metric: 'exact-match',
  load: () => Promise.resolve({ train: examples, validation: examples.slice(0, 6), test: examples.slice(0, 12) }),
});

describe('a stage before a run', () => {
  let folder = '';
  let model = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'petl-stage-'));
    model = wordModel(folder, 'gpt2', false);
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  const stage = (gives: Gives, method = 'prompt:l=2', over: Partial<Stage> = {}): Stage => ({
    ...{ method, task: 'first-word', examples: 24, epochs: 4, learningRate: 0.03, target: 4, gives },
    ...over,
  });
  const jobOf = (method: string, over: Partial<TrainingSettings> = {}): TrainingJob => ({
    method: parseMethod(method),
    model,
    task,
    training: {
      ...plain,
      ...{ batch: 8, examples: 24, epochs: 4, maxLength: 32, learningRate: 0.03, evaluations: 0 },
      target: { ...greedyTarget, maxLength: 4, decoded: 0 },
      ...over,
    },
    seed: 1,
    engine: 'compiled',
  });
  /** One step at a rate below what float32 can add. */
  const still = { learningRate: 1e-30, examples: 8, epochs: 1 };
  const answers = (count: number): Gives => ({ kind: 'answers', count, temperature: 1 });

  it('hands its tensors on: at rest they score what they scored where they were trained', async () => {
    const trained = await train(jobOf('prompt:l=2'), () => undefined);
    const fresh = await train(jobOf('prompt:l=2', still), () => undefined);
    const before = stage({ kind: 'tensors' });
    const handed = await train(jobOf('prompt:l=2', { ...still, before }), () => undefined);
    expect(handed.perExample).toEqual(trained.perExample);
    expect(handed.loss).toBe(trained.loss);
    expect(handed.loss).not.toBe(fresh.loss);
    expect(handed.oracle).toBeNull();
  }, 60_000);

  it('hands on what has the run’s own names alone, and leaves the frozen model as it was', async () => {
    const fresh = await train(jobOf('lora:r=2'), () => undefined);
    const session = new Session();
    const before = stage({ kind: 'tensors' });
    const after = await train(jobOf('lora:r=2', { before }), () => undefined, session);
    expect([after.perExample, after.loss]).toEqual([fresh.perExample, fresh.loss]);
    session.dispose();
  }, 60_000);

  it('is trained once for runs that differ in their rate alone', async () => {
    const session = new Session();
    const before = stage({ kind: 'tensors' });
    for (const learningRate of [0.01, 0.02])
      await train(jobOf('prompt:l=2', { before, learningRate }), () => undefined, session);
    expect(session.stages.size).toBe(1);
    await train({ ...jobOf('prompt:l=2', { before }), seed: 2 }, () => undefined, session);
    expect(session.stages.size).toBe(2);
    session.dispose();
  }, 60_000);

  it('answers, and the run reads what it answered: the more, the more often the target is among it', async () => {
    const session = new Session();
    const run = (count: number): ReturnType<typeof train> =>
      train(
        jobOf('prompt:l=2', { ...still, before: stage(answers(count), 'full', { learningRate: 5e-3, epochs: 6 }) }),
        () => undefined,
        session,
      );
    const [one, many] = [await run(1), await run(16)];
    session.stages.clear();
    const again = await run(16);
    expect(again.perExample).toEqual(many.perExample);
    expect(again.data).toEqual(many.data);
    expect(one.data.test.hash).not.toBe(many.data.test.hash); // other texts are read
    expect(one.testIds).toEqual(many.testIds); // of the same examples
    expect(many.oracle).toBeGreaterThan(one.oracle ?? NaN);
    session.dispose();
  }, 60_000);

  it.each([
    [{ examples: 0 }, /before.examples is 0/],
    [{ learningRate: 0 }, /before.learningRate is 0: give a number above 0/],
    [{ task: 'no-such' }, /unknown task "no-such"/],
    [{ method: 'lora:q=2' }, /needs r/],
    [{ gives: { kind: 'answers', count: 1.5, temperature: 1 } as const }, /before.gives.count is 1.5/],
    [{ gives: { kind: 'answers', count: 2, temperature: 0 } as const }, /before.gives.temperature is 0/],
  ])('with %j is refused in one line', async (over, message) => {
    const before = stage({ kind: 'tensors' }, 'prompt:l=2', over);
    await expect(train(jobOf('prompt:l=2', { before }), () => undefined)).rejects.toThrow(message);
  });

  it('of answers keeps no adapter, which could not answer alone', async () => {
    const job = { ...jobOf('prompt:l=2', { before: stage(answers(2)) }), keep: join(folder, 'kept') };
    await expect(train(job, () => undefined)).rejects.toThrow(/keeps no adapter/);
  });
});
