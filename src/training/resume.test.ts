import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { projectRoot } from '../project';
import { randomFrom } from '../random';
import { resumedJob, resumedRuns } from './fixtures/resumed';
import { wordModel } from './fixtures/words';
import type { CourseEvent, TrainingJob, TrainingOutcome } from './job';
import { train } from './train';

interface Seen {
  readonly outcome: TrainingOutcome;
  readonly events: readonly CourseEvent[];
}

/** A run and what it told, its times left out. */
async function run(job: TrainingJob, until = Infinity): Promise<Seen> {
  const events: CourseEvent[] = [];
  const outcome = await train(job, (event) => {
    if (event.kind === 'step' && event.step > until) throw new Error('killed');
    if (event.kind !== 'phase') events.push({ ...event, seconds: 0 });
    return undefined;
  });
  return { outcome, events };
}

function numbersOf({ outcome, events }: Seen): unknown {
  const { score, loss, perExample, answers, steps, kept, data } = outcome;
  return { score, loss, perExample, answers, steps, kept, data, events };
}

describe('a run that goes on', { timeout: 240_000 }, () => {
  let folder: string;
  let model: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'petl-resume-'));
    model = wordModel(folder, 'bert');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(Object.keys(resumedRuns))('%s: bit-equal to the undisturbed one', async (name) => {
    const lines: string[] = [];
    const job = resumedJob(name, model, folder, (line) => lines.push(line));
    const { checkpoint, ...plain } = job;
    const whole = await run(plain);
    const random = randomFrom(name.length);
    const first = 1 + Math.floor(random() * (whole.outcome.steps - 2));
    const second = first + 1 + Math.floor(random() * (whole.outcome.steps - first - 1));
    for (const step of [first, second]) await expect(run(job, step)).rejects.toThrow('killed');
    expect(numbersOf(await run(job))).toEqual(numbersOf(whole));
    expect(lines).toEqual(
      [first, second].map((step) => `going on from step ${step}, kept in ${checkpoint?.path ?? ''}`),
    );
    rmSync(checkpoint?.path ?? '');
  });

  it('begins anew from a state that is damaged or of another run, and says so', async () => {
    const lines: string[] = [];
    const job = resumedJob('float32 with dropout', model, folder, (line) => lines.push(line));
    const { checkpoint, ...plain } = job;
    const path = checkpoint?.path ?? '';
    const whole = numbersOf(await run(plain));
    const others = [
      { ...job, seed: 4 },
      { ...job, checkpoint: { ...checkpoint!, by: { code: 'other' } } },
    ];
    for (const other of others) {
      rmSync(path, { force: true });
      await expect(run(other, 5)).rejects.toThrow('killed');
      expect(numbersOf(await run(job))).toEqual(whole);
    }
    const bytes = readFileSync(path);
    const damages: readonly (readonly [Buffer, string])[] = [
      [Buffer.from(bytes.map((byte, i) => (i === bytes.length - 9 ? byte ^ 1 : byte))), 'its checksum is wrong'],
      [bytes.subarray(0, bytes.length - 40), 'its checksum is wrong'],
      [bytes.subarray(0, 5), 'it is cut off'],
      [Buffer.from('{"not": "a state", "of": "a run"}'), 'it is cut off'],
    ];
    for (const [damaged] of damages) {
      writeFileSync(path, damaged);
      expect(numbersOf(await run(job))).toEqual(whole);
    }
    const ofOther = 'it is of a run with other code, settings, data or weights';
    expect(lines).toEqual([
      ...others.map(() => `${path} is not used (${ofOther}): the run begins anew`),
      ...damages.map(([, reason]) => `${path} is not used (${reason}): the run begins anew`),
    ]);
  });

  it('survives kill -9 at any step', () => {
    const script = join(projectRoot(), 'scripts', 'resume.cjs');
    const said = execFileSync(process.execPath, [script, '--kills', '2', '--runs', '1', '--seed', '5'], {
      encoding: 'utf8',
    });
    expect(said).toContain('2 kills, 1 of 1 runs bit-equal');
  });
});
