import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { printOf } from './fingerprint';
import { generationTask } from './generation';
import { examplesOf } from './pinned';
import type { Segments } from './segments';
import { distilledTask, readTeacher, teacherId, teacherPath, writeTeacher, type TeacherTexts } from './teacher';

const examples = Array.from({ length: 6 }, (_, i) => ({ id: `${i}`, text: `text ${i}`, target: `own ${i}` }));
const segments: Segments = { names: ['source', 'target'], read: 'whole', most: 100 };
const data = { train: examples, validation: examples.slice(0, 2), test: examples.slice(2, 4) };
const task = generationTask({ name: 'taught', segments, load: () => Promise.resolve(data) });
const written: TeacherTexts = {
  ...{ task: 'taught', model: 'petl-mini-lm', method: 'full', run: 'full-taught-s1-0', score: 1.5 },
  train: { inputs: printOf(examples.slice(0, 4)), texts: ['said 0', null, 'said 2', 'said 3'] },
  validation: { inputs: printOf(examples.slice(0, 2)), texts: ['said 0 of two', null] },
};

const folder = mkdtempSync(join(tmpdir(), 'petl-teachers-'));
const before = process.env['PETL_TEACHERS'];
beforeAll(() => {
  process.env['PETL_TEACHERS'] = folder;
});
afterAll(() => {
  if (before === undefined) delete process.env['PETL_TEACHERS'];
  else process.env['PETL_TEACHERS'] = before;
  rmSync(folder, { recursive: true });
});

describe("a teacher's texts", () => {
  it('stand in place of all targets but those of test, and leave those that it did not finish', async () => {
    writeTeacher('plain', written);
    const id = teacherId('plain');
    expect(id).toMatch(/^plain@[0-9a-f]{12}$/);
    const taught = distilledTask(task, id, 4);
    expect(taught).toMatchObject({ name: 'taught', kind: 'generation', segments });
    const found = await examplesOf(taught);
    expect(found.train.map(({ target }) => target)).toEqual(['said 0', 'own 1', 'said 2', 'said 3']);
    expect(found.train.map(({ text }) => text)).toEqual(examples.slice(0, 4).map(({ text }) => text));
    expect(found.validation.map(({ target }) => target)).toEqual(['said 0 of two', 'own 1']); // trials choose by these
    expect(found.test).toEqual(data.test);
    expect(distilledTask(task, id, 4)).toBe(taught); // runs of one process load it once
  });

  it('have another name when a text is another', () => {
    const first = teacherId('plain');
    const { inputs, texts } = written.train;
    writeTeacher('plain', { ...written, train: { inputs, texts: [...texts.slice(0, 3), 'said otherwise'] } });
    expect(teacherId('plain')).not.toBe(first);
    expect(() => readTeacher(first)).toThrow(`${teacherPath('plain')} is not what ${first} names`);
    writeTeacher('plain', written);
    expect(readTeacher(first)).toEqual(written);
  });

  it('are refused where they are not there, damaged, or of something else', async () => {
    const none = teacherId('nobody');
    expect(none).toBe('nobody@000000000000');
    expect(() => distilledTask(task, none, 4)).toThrow(/no texts of a teacher .*npx petl teacher RUN --name nobody/);
    writeTeacher('plain', written);
    const id = teacherId('plain');
    expect(() => distilledTask({ ...task, name: 'other' }, id, 4)).toThrow('are of task taught, not of other');
    await expect(distilledTask(task, id, 5).load()).rejects.toThrow(
      'wrote for 4 training examples, not for 5: set training.examples to at most 4',
    );
    await expect(distilledTask(task, id, 'all').load()).rejects.toThrow('not for 6');
    for (const [split, read] of [
      ['train', 3],
      ['validation', 2],
    ] as const) {
      const moved = generationTask({ name: 'taught', load: () => Promise.resolve({ ...data, [split]: data.test }) });
      await expect(distilledTask(moved, id, read).load(), split).rejects.toThrow('other examples than those here');
    }
    const path = teacherPath('plain');
    writeFileSync(path, readFileSync(path, 'utf8').replace('"said 2"', '2'));
    expect(() => readTeacher(teacherId('plain'))).toThrow(/plain\.json .*train\.texts\.2/);
  });
});
