import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../errors';
import { openModel } from '../model/open';
import type { Tokenizer } from '../model/tokenizer';
import { printOf } from '../tasks/fingerprint';
import { writtenTask, type GenerationExample } from '../tasks/generation';
import { examplesOf } from '../tasks/pinned';
import type { Taught, TeacherTexts } from '../tasks/teacher';
import { Adapter } from '../training/adapter';
import { take } from '../training/data';
import type { Prediction } from '../training/kinds/kind';
import { train } from '../training/train';
import type { RunRecord } from './store/record';
import { jobOf } from './store/spec';
import { noTokenizer } from '../model/tokenizer-place';

/**
 * Trains a run once more, keeps nothing of it, and has it write by greedy search: for the very training inputs that it
 * learned from, and for all of validation, by which the rates of its students are chosen.
 */
export async function teach({ run }: RunRecord, say: (line: string) => void): Promise<TeacherTexts> {
  const { spec } = run;
  const job = jobOf(spec, run.engine);
  const task = writtenTask(job.task);
  if (spec.training.teacher !== null || spec.training.target === null || 'parts' in task)
    throw new UserError(`${run.id} is no teacher: name a run on a task's own targets, all of one task`);
  const folder = mkdtempSync(join(tmpdir(), 'petl-teacher-'));
  const keep = join(folder, 'adapter');
  try {
    const { score } = await train({ ...job, keep }, () => undefined);
    say(`trained again, score ${score.toFixed(4)}`);
    const { train: all, validation } = await examplesOf(task);
    const tokenizer = await tokenizerOf(spec.model);
    const most = spec.training.target.maxLength;
    const taught = async (inputs: readonly GenerationExample[]): Promise<Taught> => ({
      inputs: printOf(inputs),
      texts: fitting(tokenizer, await answersOf(keep, inputs), most),
    });
    const { model, method } = spec;
    const about = { task: task.name, model, method, run: run.id, score };
    return { ...about, train: await taught(take(all, spec.training.examples)), validation: await taught(validation) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function answersOf(folder: string, inputs: readonly GenerationExample[]): Promise<readonly Prediction[]> {
  const adapter = new Adapter(folder);
  try {
    return await adapter.predict(inputs.map(({ text }) => ({ text })));
  } finally {
    adapter.dispose();
  }
}

async function tokenizerOf(name: string): Promise<Tokenizer> {
  const { backbone, tokenizer } = await openModel(name);
  backbone.dispose();
  if (tokenizer === undefined) throw noTokenizer(name);
  return tokenizer;
}

/** Texts that came to an end and can be learned whole; null for the others. */
function fitting(tokenizer: Tokenizer, answers: readonly Prediction[], most: number): readonly (string | null)[] {
  return answers.map((answer) => {
    if (answer.kind !== 'text' || !answer.ended || answer.text === '') return null;
    return tokenizer.encode({ text: answer.text, pair: null }, 1 << 20).ids.length < most ? answer.text : null;
  });
}
