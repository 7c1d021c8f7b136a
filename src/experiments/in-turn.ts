import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { disposeTree } from '../engine/tree';
import { openModel } from '../model/open';
import { loadDelta } from '../petl/bank/store';
import type { ClassificationExample } from '../tasks/classification';
import { printOf } from '../tasks/fingerprint';
import { keepTrained } from '../training/kept';
import { TaskBank } from '../training/task-bank';
import { train } from '../training/train';
import { turnsOf, type InTurnRecord, type Turn } from './in-turn-record';
import { testsOf } from './record-of';
import { jobOf, type RunSpec } from './store/spec';

/**
 * Learns a task and then another, by full fine-tuning of one model and by adapters beside each other, and asks for the
 * first task before and after. What full fine-tuning forgets is what its second task did to the body under the first
 * one's head; adapters of both stand in one bank.
 */
export async function measureInTurn(turns: readonly Turn[], say: (line: string) => void): Promise<InTurnRecord> {
  const [one] = turns;
  if (one === undefined) throw new Error('no method to measure');
  const { task, model, seed } = one.first;
  const examples = await testsOf(one.first);
  const folder = mkdtempSync(join(tmpdir(), 'petl-in-turn-'));
  const right: Record<string, string> = {};
  try {
    for (const turn of turns) {
      const [before, after] = await foldersOf(turn, join(folder, turn.name), say);
      right[`${turn.name} before`] = await rightOf(model, { asked: before, beside: [] }, examples);
      right[`${turn.name} after`] = await rightOf(model, after, examples);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return {
    task,
    then: one.then.task,
    model,
    examples: printOf(examples),
    turns: turnsOf(turns),
    seeds: [{ seed, right }],
  };
}

/** An adapter that is asked, and others that stand in the bank beside it. */
interface Asked {
  readonly asked: string;
  readonly beside: readonly string[];
}

/** The first task's adapter, and what answers for it after the second. */
async function foldersOf(
  { name, first, then }: Turn,
  place: string,
  say: (line: string) => void,
): Promise<readonly [before: string, after: Asked]> {
  const [before, second] = ['first', 'then'].map((part) => join(place, part)) as [string, string];
  await train({ ...jobOf(first, 'compiled'), keep: before }, () => undefined);
  const job = { ...jobOf(then, 'compiled'), keep: second };
  const from = { ...job, from: before, training: { ...job.training, from: `${first.task}@000000000000` } };
  await train(name === 'full' ? from : job, () => undefined);
  say(`seed ${first.seed}: ${name}, ${first.task} and then ${then.task}`);
  if (name === 'adapters') return [before, { asked: before, beside: [second] }];
  const both = join(place, 'both');
  await underHead(first, { body: second, head: before, to: both });
  return [before, { asked: both, beside: [] }];
}

/** The body of one kept adapter under the head and the note of another. */
async function underHead(
  spec: RunSpec,
  { body, head, to }: { readonly body: string; readonly head: string; readonly to: string },
): Promise<void> {
  const { backbone } = await openModel(spec.model);
  const { shape } = backbone;
  const hash = await backbone.hash();
  const [learned, asked] = [body, head].map((folder) => loadDelta(folder, shape, { hash }));
  if (learned === undefined || asked === undefined) throw new Error('two adapters are read');
  const variables = { ...learned.delta.variables, ...asked.head };
  const job = jobOf(spec, 'compiled');
  keepTrained(
    to,
    job,
    { method: learned.delta.method, shape, model: hash },
    { variables, constants: learned.delta.constants },
  );
  disposeTree([
    learned.delta.variables,
    learned.delta.constants,
    learned.head,
    asked.delta.variables,
    asked.delta.constants,
    asked.head,
  ]);
  backbone.dispose();
}

/** A digit for each example, 1 where it is answered right. */
async function rightOf(
  model: string,
  { asked, beside }: Asked,
  examples: readonly ClassificationExample[],
): Promise<string> {
  const bank = await TaskBank.open(model);
  try {
    bank.add('asked', asked);
    beside.forEach((folder, i) => bank.add(`beside-${i}`, folder));
    const outputs = await bank.outputs(examples.map(({ text, pair }) => ({ task: 'asked', text, pair })));
    return outputs.map((row, i) => Number(bestOf(row) === examples[i]?.label)).join('');
  } finally {
    bank.dispose();
  }
}

function bestOf(row: Float32Array): number {
  return row.reduce((most, value, i) => (value > (row[most] ?? NaN) ? i : most), 0);
}
