import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseMethod } from '../petl/design/written';
import { classificationTask, type ClassificationExample } from '../tasks/classification';
import { examplesOf } from '../tasks/pinned';
import type { TaskData } from '../tasks/task';
import { bestSoFar, isSpent } from './best';
import { resumedJob } from './fixtures/resumed';
import { wordModel } from './fixtures/words';
import type { CourseEvent, TrainingEvent, TrainingJob, TrainingSettings } from './job';
import { train } from './train';

let folder: string;
let model: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'petl-best-'));
  model = wordModel(folder, 'bert');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A job without checkpoints. */
function jobOf(name: string, over: Partial<TrainingSettings> = {}): TrainingJob {
  const { checkpoint: _, ...job } = resumedJob(name, model, folder, () => undefined);
  return { ...job, training: { ...job.training, ...over } };
}

const until = (last: number) => (event: TrainingEvent) =>
  'step' in event && event.step === last ? ('stop' as const) : undefined;
const never = () => undefined;

describe('the best of the validations', () => {
  const job = (best: 'loss' | 'score', stop: number | null = null): TrainingJob =>
    jobOf('the best of early steps', { best, stop });
  const events = (
    [
      [3, 0.5],
      [2, 0.5],
      [NaN, 0.9],
      [2, 0.9],
    ] as const
  ).map(([loss, score], i): CourseEvent => ({
    kind: 'evaluation',
    step: 2 + i,
    seconds: 0,
    split: 'validation',
    loss,
    score,
  }));

  it('is the first of the lowest losses or the highest scores', () => {
    expect(bestSoFar(events, job('loss'))).toMatchObject({ step: 3, since: 2 });
    expect(bestSoFar(events, job('score'))).toMatchObject({ step: 4, since: 1 });
    expect(bestSoFar([], job('loss'))).toBeUndefined();
    expect(bestSoFar(events, jobOf('bfloat16'))).toBeUndefined();
  });

  it('ends training when so many came after it', () => {
    expect([1, 2, 3].map((stop) => isSpent(events, job('loss', stop)))).toEqual([true, true, false]);
  });

  it('is what is kept and scored, and the steps trained are told apart from it', { timeout: 60_000 }, async () => {
    const whole = jobOf('the best of early steps');
    const { kept, steps, loss, perExample } = await train(whole, never);
    expect(kept).toBeLessThan(steps);
    expect(steps).toBeLessThan(30);
    const last = { ...whole, training: { ...whole.training, best: null, stop: null } };
    expect(await train(last, until(kept!))).toMatchObject({ steps: kept, kept: null, loss, perExample });
  });

  it.each([
    [{ best: null, stop: 3 }, "say by what, best: 'loss' or 'score'"],
    [{ stop: 11, evaluations: 12 }, 'evaluations is 12: give at least 13 for stop 11'],
    [{ stop: null, evaluations: 1 }, 'evaluations is 1: give at least 2'],
    [{ stop: 0 }, 'stop is 0'],
    [{ scored: { validation: 0, test: 4 } }, 'scored.validation is 0'],
  ] as const)('is refused with %j', async (over, message) => {
    await expect(train(jobOf('the best of early steps', over), never)).rejects.toThrow(message);
  });

  it('is none of a method that prunes as it trains', async () => {
    const job = { ...jobOf('the best of early steps'), method: parseMethod('adalora:r=4') };
    await expect(train(job, never)).rejects.toThrow('adalora:r=4 has its ranks with the last step alone');
  });
});

describe('a run that starts from a saved adapter', { timeout: 60_000 }, () => {
  it('goes on from its tensors, and from its head where labels are the same', async () => {
    const keep = join(folder, 'my-adapter');
    const first = await train({ ...jobOf('float32 with dropout'), keep }, never);
    const job: TrainingJob = { ...jobOf('float32 with dropout', { learningRate: 0 }), from: keep };
    expect(await train(job, never)).toMatchObject({ loss: first.loss, perExample: first.perExample });
    const load = () => examplesOf(job.task) as Promise<TaskData<ClassificationExample>>;
    const alike = classificationTask({ name: 'others', labels: ['bad', 'good'], load });
    expect((await train({ ...job, task: alike }, never)).loss).toBe(first.loss);
    const unlike = classificationTask({ name: 'others', labels: ['no', 'yes'], load });
    expect((await train({ ...job, task: unlike }, never)).loss).toBeGreaterThan(first.loss);
    const other = wordModel(folder, 'roberta');
    await expect(train({ ...job, model: other }, never)).rejects.toThrow('my-adapter was trained on');
  });
});
