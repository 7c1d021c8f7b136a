import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { cacheFolder } from '../packages/manifest';
import { generationTask } from '../tasks/generation';
import { specNameOf } from '../tasks/own/stored';
import { teacherId, writeTeacher } from '../tasks/teacher';
import { greedyTarget, plain } from '../training/fixtures/settings';
import { wordModel, words } from '../training/fixtures/words';
import { train } from '../training/train';
import type { RunRecord } from './store/record';
import { jobOf, runSpec } from './store/spec';
import { teach } from './teach';

const folder = mkdtempSync(join(tmpdir(), 'petl-teach-'));
const rows = Array.from({ length: 60 }, (_, i) => ({
  from: words(i % 6, 20, 30 + i),
  to: words(40 + (i % 6), 50 + (i % 3)),
}));
const task = specNameOf(generationTask({ name: 'teach-test', rows, source: 'from', target: 'to', targetTokens: 6 }));
const before = process.env['PETL_TEACHERS'];
beforeAll(() => {
  process.env['PETL_TEACHERS'] = folder;
});
afterAll(() => {
  if (before === undefined) delete process.env['PETL_TEACHERS'];
  else process.env['PETL_TEACHERS'] = before;
  rmSync(join(cacheFolder(), 'own', `${task}.json`), { force: true });
  rmSync(folder, { recursive: true });
});

it('a fully trained run writes for its training inputs, and a student learns what it wrote', async () => {
  const training = { ...plain, examples: 16, epochs: 12, target: { ...greedyTarget, maxLength: 6 } };
  const spec = runSpec({ study: 'own/teach', method: 'full', model: wordModel(folder, 'gpt2', false), task, training });
  const said: string[] = [];
  const run = { spec, engine: 'compiled', id: 'teacher' } as RunRecord['run'];
  const found = await teach({ run } as RunRecord, (line) => said.push(line));
  expect(said[0]).toMatch(/^trained again, score \d/);
  expect(found).toMatchObject({ task: spec.task.replace(/@.*/, ''), run: 'teacher', train: { inputs: { count: 16 } } });
  expect(found.train.texts).toHaveLength(16);
  expect(found.validation.texts).toHaveLength((await jobOf(spec, 'compiled').task.load()).validation.length);
  const own = new Set(rows.map(({ to }) => to));
  expect(found.train.texts.filter((text) => text !== null && own.has(text)).length).toBeGreaterThan(12); // it has learned them
  const untold = { ...spec, training: { ...training, examples: 4, epochs: 1, learningRate: 1e-12 } };
  const raw = await teach({ run: { ...run, spec: untold } } as RunRecord, () => undefined);
  expect(raw.train.texts).toEqual([null, null, null, null]); // it writes on and on, and its examples keep their own targets
  writeTeacher('told', { ...found, train: { ...found.train, texts: found.train.texts.map(() => words(60, 61)) } });
  const student = { ...spec, training: { ...training, teacher: teacherId('told'), epochs: 30 } };
  const { written, data } = await train(jobOf(student, 'compiled'), () => undefined);
  expect(written?.texts.filter((text) => text === words(60, 61)).length).toBe(written?.texts.length);
  expect(data.train.count).toBe(16);
  await expect(teach({ run: { ...run, spec: student } } as RunRecord, () => undefined)).rejects.toThrow(
    'is no teacher: name a run on a task',
  );
}, 60_000);
