import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { UserError } from './errors';
import { toyTools } from './experiments/fixtures/tools';
import { runSpec, studyFolder } from './experiments/store/spec';
import type { Study } from './experiments/studies/study';
import { resultsOf, train, type TrainOptions } from './notebook';
import { variantTable } from './tables';

const study: Study = {
  name: 'toy',
  tier: 'quick',
  title: 'toy',
  source: '',
  rows: [],
  notebook: '',
  reference: 'full',
  variants: ['lora:r=4', 'head'].map((method) => ({
    name: method,
    label: `toy ${method}`,
    runs: [1, 2].map((seed) =>
      runSpec({ study: 'toy', method, seed, training: { scored: { validation: 4, test: 4 } } }),
    ),
  })),
};

let results: string;
let said: string[];
let trained: number;
const options = (more: TrainOptions = {}): TrainOptions => ({
  results,
  say: (line) => said.push(line),
  ...more,
  tools: {
    ...toyTools,
    train: async (job, report) => {
      trained += 1;
      return await toyTools.train(job, report);
    },
  },
});

beforeEach(() => {
  results = mkdtempSync(join(tmpdir(), 'petl-notebook-'));
  said = [];
  trained = 0;
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
});
afterEach(() => {
  vi.restoreAllMocks();
  delete (globalThis as { interrupted?: number }).interrupted;
  rmSync(results, { recursive: true, force: true });
});

describe('train', () => {
  it('trains each seed of a variant once, then loads it and says so', async () => {
    const first = await train(study, 'lora:r=4', options());
    const second = await train(study, 'lora:r=4', options());
    expect(trained).toBe(2);
    expect(first.map(({ seed, score }) => [seed, score])).toEqual([
      [1, 0.5],
      [2, 0.5],
    ]);
    expect(second).toEqual(first);
    expect(said[0]).toMatch(
      /^toy lora:r=4 on sentiment: 2 finished runs on disk \(seeds 1, 2\), accuracy 0\.5000 ± 0\.0000, 0 s$/,
    );
    expect(resultsOf(study, results)).toEqual(first);
  });

  it('only says what is missing when asked to', async () => {
    expect(await train(study, 'head', options({ missing: 'say' }))).toEqual([]);
    expect(trained).toBe(0);
    expect(said).toEqual(['toy head on sentiment: not run yet (seeds 1, 2): npx petl study toy --tier quick']);
  });

  it('says of many variants in a line each what is there and what is not', async () => {
    await train(study, 'head', options());
    const both = ['head', 'lora:r=4'];
    expect(await train(study, both, options({ missing: 'say' }))).toHaveLength(2);
    expect(said).toEqual([
      '2 runs of 2 variants on disk, trained in 0.4 s',
      '2 runs of 2 variants not run yet: npx petl study toy --tier quick',
    ]);
    expect(await train(study, both, options())).toHaveLength(4);
    expect(trained).toBe(4);
  });

  it('trains anew when asked to', async () => {
    await train(study, 'head', options());
    await train(study, 'head', options({ again: true }));
    expect(trained).toBe(4);
  });

  it('says which step of an interrupted run is kept', async () => {
    const interrupted = train(study, 'head', {
      ...options(),
      tools: {
        ...toyTools,
        train: async (job, report) => {
          (globalThis as { interrupted?: number }).interrupted = 1;
          return await toyTools.train(job, report);
        },
      },
    });
    await expect(interrupted).rejects.toThrow('Interrupted: step 1 of 3 is kept; run the cell again');
    expect(readdirSync(studyFolder('toy', 'quick', results))).toEqual([]);
  });

  it('keeps a run that is interrupted while it is scored, and begins no other', async () => {
    const interrupted = train(study, 'head', {
      ...options(),
      tools: {
        ...toyTools,
        train: async (job, report) => {
          const outcome = await toyTools.train(job, report);
          (globalThis as { interrupted?: number }).interrupted = 1;
          report({ kind: 'phase', doing: 'scoring', done: 1, of: 4 });
          return outcome;
        },
      },
    });
    await expect(interrupted).rejects.toThrow('Interrupted: what has finished is kept; run the cell again');
    expect(resultsOf(study, results).map(({ method, seed }) => [method, seed])).toEqual([['head', 1]]);
  });

  it('trains a method that the study does not list, under its settings and seeds', async () => {
    const rows = await train(study, 'lora:r=5', options());
    expect(rows.map(({ method, seed }) => [method, seed])).toEqual([
      ['lora:r=5', 1],
      ['lora:r=5', 2],
    ]);
    await train(study, 'lora: r=5', options());
    expect(trained).toBe(2);
  });

  it("claims no memory as the run's own", async () => {
    const rows = await train(study, 'head', options());
    expect(rows.map(({ peakMb }) => peakMb)).toEqual([null, null]);
  });

  it('names the variants there are', async () => {
    await expect(train(study, 'lora:r=x', options())).rejects.toThrow(UserError);
    await expect(train(study, 'lora:r=x', options())).rejects.toThrow(
      /^study toy has no variant "lora:r=x", and it is no method \(.*\): choose from lora:r=4, head; did you mean "lora:r=4"\?$/,
    );
  });
});

it('a study is shown as it is declared', () => {
  expect(variantTable(study).rows).toEqual([
    ['toy lora:r=4', 'lora:r=4', '36,864', '0.16', '0.001', '2'],
    ['toy head', 'head', '0', '0', '0.001', '2'],
  ]);
});
