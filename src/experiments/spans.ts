import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seconds } from '../clock';
import { disposeTree } from '../engine/tree';
import { UserError } from '../errors';
import { openModel } from '../model/open';
import { loadDelta } from '../petl/bank/store';
import { labelledTask } from '../tasks/classification';
import { printOf } from '../tasks/fingerprint';
import { examplesOf } from '../tasks/pinned';
import { take } from '../training/data';
import { spanMap } from '../training/spans';
import { train } from '../training/train';
import type { SpanRecord } from './span-record';
import { jobOf, type RunSpec } from './store/spec';

/** Trains a run once more, keeps nothing of it, and leaves each span of its adapters out. */
export async function measureSpans(spec: RunSpec, say: (line: string) => void): Promise<SpanRecord> {
  const folder = mkdtempSync(join(tmpdir(), 'petl-spans-'));
  const job = jobOf(spec, 'compiled');
  const keep = join(folder, 'adapter');
  try {
    await train({ ...job, keep }, () => undefined);
    say(`seed ${spec.seed}: trained`);
    const model = await openModel(spec.model);
    const { backbone, tokenizer } = model;
    if (tokenizer === undefined) throw new UserError(`model "${spec.model}" has no tokenizer`);
    const { delta, head } = loadDelta(keep, backbone.shape, { hash: await backbone.hash() });
    const own = { variables: { ...delta.variables, ...head }, constants: delta.constants };
    const { test } = await examplesOf(labelledTask(job.task));
    const examples = take(test, spec.training.scored.test);
    const start = seconds();
    const { layers, spans } = spanMap({ ...model, tokenizer }, { ...job, method: delta.method }, own, examples);
    const took = Math.round(1000 * (seconds() - start)) / 1000;
    disposeTree([own.variables, own.constants]);
    backbone.dispose();
    const { task, model: name, method, seed } = spec;
    const seeds = [{ seed, seconds: took, spans: spans.map(({ span, right }) => ({ span, right: right.join('') })) }];
    return { task, model: name, method, layers, examples: printOf(examples), seeds };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
