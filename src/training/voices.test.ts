import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { disposeTree } from '../engine/tree';
import { openModel } from '../model/open';
import { createDelta } from '../petl/bank/delta';
import { count } from '../petl/counts/count';
import { parseMethod } from '../petl/design/written';
import { perturbed } from '../petl/testing/tiny';
import { generationTask } from '../tasks/generation';
import type { Segments } from '../tasks/segments';
import { wordModel, words } from './fixtures/words';
import type { TrainingJob } from './job';
import { keepTrained } from './kept';
import { Voices, type Request } from './voices';

const folder = mkdtempSync(join(tmpdir(), 'petl-voices-'));
const model = wordModel(folder, 'gpt2', false);
const five = join(folder, 'five');
const turns: Segments = { names: ['first', 'other', 'own'], read: 'turns', most: 64 };
const two: Segments = { names: ['source', 'target'], read: 'whole', most: 64 };
const tasks = [
  ['dialogue', 'vlm:r=4+segments:n=3', turns],
  ['german', 'vlm:r=6+segments:n=2', two],
  ['summary', 'lora:r=2+segments:n=2', two],
  ['stories', 'vlm:r=6+segments:n=3', turns],
  ['acts', 'pa-ffn:r=3', two],
] as const;

const kept = (name: string, method: string, segments: Segments): TrainingJob => ({
  method: parseMethod(method),
  model,
  task: generationTask({ name, segments, load: () => Promise.reject(new Error('not needed')) }),
  seed: 1,
  engine: 'compiled',
  training: {
    ...{ examples: 'all', epochs: 1, batch: 4, accumulation: 1, maxLength: 32, learningRate: 1e-3 },
    schedule: { kind: 'linear', warmup: 0 },
    optimizer: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, clipNorm: 1 },
    ...{ dropout: 0, labelSmoothing: 0, scored: { validation: 0, test: 0 }, evaluations: 1 },
    ...{ best: null, stop: null, from: null, teacher: null, before: null, precision: 'float32' },
    target: { maxLength: 9, decoded: 0, beams: 1, lengthPenalty: 1, minLength: 1, noRepeatNgram: 0 },
  },
});

beforeAll(async () => {
  const { backbone } = await openModel(model);
  const hash = await backbone.hash();
  mkdirSync(five);
  tasks.forEach(([name, method, segments], i) => {
    const job = kept(name, method, segments);
    const delta = createDelta(job.method, backbone.shape, backbone.weights, i);
    delta.assign(perturbed(delta.variables, 0.4, i));
    const { variables, constants } = delta;
    keepTrained(
      join(five, name),
      job,
      { method: job.method, shape: backbone.shape, model: hash },
      { variables, constants },
    );
    delta.dispose();
  });
  backbone.dispose();
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const requests: readonly Request[] = tasks.flatMap(([task], i) => [
  { task, text: [words(1 + i, 20 + i), words(30 + i), words(40 + i, 2)].join('\n') },
  { task, text: words(5 * i + 3, 7, 60 + i) },
]);

async function written(from: string, asked: readonly Request[]): Promise<readonly string[]> {
  const voices = new Voices(from);
  try {
    return await voices.write(asked);
  } finally {
    voices.dispose();
  }
}

/** A folder with some of the five. */
function some(name: string, ...names: readonly string[]): string {
  for (const one of names) cpSync(join(five, one), join(folder, name, one), { recursive: true });
  return join(folder, name);
}

describe('one model with five voices', { timeout: 60_000 }, () => {
  it('writes in one mixed batch what five models write apart, token for token', async () => {
    const together = await written(five, requests);
    for (const [task] of tasks) {
      const own = requests.flatMap((request, i) => (request.task === task ? [i] : []));
      const alone = await written(
        some(`alone-${task}`, task),
        own.map((i) => requests[i] as Request),
      );
      expect(alone, task).toEqual(own.map((i) => together[i]));
    }
    expect(new Set(together).size).toBeGreaterThan(5);
  });

  it('leaves four as they were when a fifth comes', async () => {
    const four = requests.filter(({ task }) => task !== 'acts');
    const before = await written(some('four', 'dialogue', 'german', 'summary', 'stories'), four);
    expect(await written(some('four', 'acts'), four)).toEqual(before);
  });

  it('shows tokens as they come', async () => {
    const voices = new Voices(five);
    const seen: number[] = [];
    const [text = ''] = await voices.write(requests.slice(0, 1), (_row, token) => seen.push(token));
    expect((await voices.decoder()).decode(seen).trim()).toBe(text);
    voices.dispose();
  });

  it('takes of the disk what its counts say, for five tasks a few percent of five models', async () => {
    const { backbone } = await openModel(model);
    for (const [name, method] of tasks) {
      const { stored } = count(parseMethod(method), backbone.shape);
      const bytes = statSync(join(five, name, 'delta.safetensors')).size;
      expect(bytes, name).toBeGreaterThan(4 * stored);
      expect(bytes, name).toBeLessThan(4 * stored + 8192); // names and shapes
      expect(readdirSync(join(five, name)).sort()).toEqual(['delta.safetensors', 'petl.json', 'task.json']);
    }
    disposeTree([]);
    backbone.dispose();
  });

  it('says what is not there', async () => {
    expect(() => new Voices(join(folder, 'nothing'))).toThrow('holds no adapters');
    await expect(written(five, [{ task: 'german2', text: 'w1' }])).rejects.toThrow(
      'has no adapter "german2"; did you mean "german"',
    );
    await expect(written(five, [])).rejects.toThrow('there is nothing to write for');
  });
});
