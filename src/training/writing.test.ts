import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseMethod } from '../petl/design/written';
import { sentiment } from '../tasks/shipped/sentiment';
import { wmt16 } from '../tasks/shipped/wmt16-en-ro';
import { xsum } from '../tasks/shipped/xsum';
import { wordModel, words } from './fixtures/words';
import type { TrainingJob, TrainingOutcome } from './job';
import { Session } from './session';
import { train } from './train';
import { plain } from './fixtures/settings';

const rows = Array.from({ length: 8 }, (_, i) => ({
  document: words(...Array.from({ length: 3 + i }, (__, k) => (7 * i + 11 * k) % 90)),
  summary: words(...Array.from({ length: 2 + (i % 4) }, (__, k) => (13 * i + 5 * k + 3) % 90)),
}));

describe('training to write, from files to texts', { timeout: 120_000 }, () => {
  let folder: string;
  let model: string;
  const session = new Session();
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'petl-write-'));
    model = wordModel(folder, 'bart');
    mkdirSync(join(folder, 'originals', 'xsum'), { recursive: true });
    for (const split of ['train', 'validation', 'test'])
      writeFileSync(
        join(folder, 'originals', 'xsum', `${split}.jsonl`),
        rows.map((row) => `${JSON.stringify(row)}\n`).join(''),
      );
    process.env['PETL_ORIGINALS'] = join(folder, 'originals');
  });
  afterAll(() => {
    session.dispose();
    delete process.env['PETL_ORIGINALS'];
    rmSync(folder, { recursive: true, force: true });
  });

  const job = (method: string, over: Partial<TrainingJob['training']> = {}): TrainingJob => ({
    method: parseMethod(method),
    model,
    task: xsum,
    seed: 1,
    engine: 'compiled',
    training: { ...plain, epochs: 60, maxLength: 32, ...over },
  });
  const run = (...given: Parameters<typeof job>): Promise<TrainingOutcome> =>
    train(job(...given), () => undefined, session);

  it('learns eight pairs by heart and writes them word for word', async () => {
    const { score, loss, metric, perExample, labels, written, data, model: print } = await run('full');
    expect(score).toBeLessThan(0.02);
    expect(loss).toBe(score);
    expect(metric).toBe('nll');
    expect(perExample).toHaveLength(8);
    expect(labels).toEqual(rows.map(({ summary }) => 2 + summary.split(' ').length));
    expect(written?.texts).toEqual(rows.map(({ summary }) => summary));
    expect(written).toMatchObject({ examples: data.test, unfinished: 0, rouge1: 1, rougeL: 1 });
    expect(data.test).toEqual({ count: 8, hash: expect.stringMatching(/^[0-9a-f]{16}$/) as string });
    expect(print).toMatch(/^[0-9a-f]{16}$/);
  });

  it('writes the same texts with one beam as greedily, and more beams score no worse', async () => {
    const few = { epochs: 4 };
    const target = job('full').training.target;
    if (target === null) throw new Error('no target');
    const greedy = await run('mam:l=2,r=8', few);
    expect(await run('mam:l=2,r=8', few)).toMatchObject({
      score: greedy.score,
      written: { texts: greedy.written?.texts },
    });
    const beams = await run('mam:l=2,r=8', { ...few, target: { ...target, beams: 3, decoded: 5 } });
    expect(beams.score).toBe(greedy.score);
    expect(beams.written?.texts).toHaveLength(5);
  });

  it.each(['bitfit', 'prompt:l=3', 'prefix:l=3,mlp=8', 'houlsby:m=4', 'pa-ffn:r=4,s=4', 'mhpa:l=3', 'ia3'])(
    '%s: every trained tensor moves, no frozen one does',
    async (method) => {
      const { steps, loss } = await run(method, { epochs: 1, scored: { validation: 0, test: 4 }, evaluations: 0 });
      expect(steps).toBe(2);
      expect(loss).toBeGreaterThan(0);
    },
  );

  it('sees nothing of the test set in a tuning trial', async () => {
    const { score, written, data } = await run('lora:r=2', { epochs: 1, scored: { validation: 'all', test: 0 } });
    expect(score).toBeNaN();
    expect(written).toBeNull();
    expect(data.test.count).toBe(0);
  });

  it('says what is missing or does not fit', async () => {
    await expect(run('full', { target: null })).rejects.toThrow('give training.target');
    await expect(train({ ...job('full'), task: wmt16 }, () => undefined, session)).rejects.toThrow(
      'put train.{jsonl,tsv}, validation.{jsonl,tsv}, test.{jsonl,tsv} into',
    );
    await expect(train({ ...job('full'), model: 'minilm-l6' }, () => undefined, session)).rejects.toThrow(
      'needs a model that writes',
    );
    await expect(train({ ...job('full'), task: sentiment }, () => undefined, session)).rejects.toThrow(
      'is for encoders',
    );
  });
});
