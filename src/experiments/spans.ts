import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seconds } from '../clock';
import { disposeTree } from '../engine/tree';
import { openModel } from '../model/open';
import { loadDelta } from '../petl/bank/store';
import { printOf } from '../tasks/fingerprint';
import { demandSpans, spanMap } from '../training/spans';
import { train } from '../training/train';
import { testsOf } from './record-of';
import type { SpanRecord } from './span-record';
import { shapeIfKnown } from './store/counts';
import { jobOf, seedlessHash, type RunSpec } from './store/spec';
import { noTokenizer } from '../model/tokenizer-place';

/** Trains a run once more, keeps nothing of it, and leaves each span of its adapters out. */
export async function measureSpans(spec: RunSpec, say: (line: string) => void): Promise<SpanRecord> {
  const job = jobOf(spec, 'compiled');
  const examples = await testsOf(spec);
  demandSpans(spec.model, shapeIfKnown(spec.model), job.method);
  const folder = mkdtempSync(join(tmpdir(), 'petl-spans-'));
  const keep = join(folder, 'adapter');
  try {
    await train({ ...job, keep }, () => undefined);
    say(`seed ${spec.seed}: trained`);
    const model = await openModel(spec.model);
    const { backbone, tokenizer } = model;
    if (tokenizer === undefined) throw noTokenizer(spec.model);
    const { delta, head } = loadDelta(keep, backbone.shape, { hash: await backbone.hash() });
    const own = { variables: { ...delta.variables, ...head }, constants: delta.constants };
    const start = seconds();
    const { layers, spans } = spanMap({ ...model, tokenizer }, { ...job, method: delta.method }, own, examples);
    const took = Math.round(1000 * (seconds() - start)) / 1000;
    disposeTree([own.variables, own.constants]);
    backbone.dispose();
    const { model: name, method, seed } = spec;
    const seeds = [{ seed, seconds: took, spans: spans.map(({ span, right }) => ({ span, right: right.join('') })) }];
    return {
      ...{ task: spec.task, model: name, method, layers, examples: printOf(examples) },
      ...{ spec: seedlessHash(spec), seeds },
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
