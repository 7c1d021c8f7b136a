import { compile } from '../engine/compile';
import { gatherRows } from '../engine/layers';
import { tf, type Tensor } from '../engine/tf';
import { disposeTree } from '../engine/tree';
import { UserError } from '../errors';
import type { Batch } from '../model/batch';
import { encoderPass, streamOf, type Frozen } from '../model/encoder';
import { classify, meanPool, sequenceMean } from '../model/heads';
import { untouched } from '../model/site';
import { runStack } from '../model/stack';
import { promptLength } from '../petl/forms/modify';
import { runUnder } from '../petl/forms/adaptation';
import type { ModelShape } from '../model/shape';
import type { Method } from '../petl/design/types';
import { evaluationBatches } from '../tasks/batches';
import type { ClassificationExample } from '../tasks/classification';
import { planBatches } from '../tasks/plan';
import { spansOf, type Span } from '../tasks/spans';
import type { TrainingJob } from './job';
import type { TrainingModel } from './kinds/kind';
import { classOf } from './kinds/classification';
import { labelledBatching } from './kinds/pooled-batches';
import type { LabelledBatch } from './labelled';
import type { Own } from './learner';

/** For each span whether each example is answered right, 1 or 0. */
export interface SpanMap {
  readonly layers: number;
  readonly spans: readonly { readonly span: Span; readonly right: readonly number[] }[];
}

/**
 * Class scores of a trained encoder with the adapters of each span of layers left out (Houlsby et al. 2019, Figure 6),
 * nothing trained again: LayerNorms and head stay as they are. Hidden states below a span are those of the whole model,
 * and of spans with one beginning each goes on where the one before left out its last layer.
 * @returns `[spans, B, classes]` in the order of `spansOf`
 */
export function spanLogits(frozen: Frozen, method: Method, { variables, constants }: Own, inputs: Batch): Tensor {
  const means = (x: Tensor): Tensor => sequenceMean(x, inputs);
  const context = { noise: undefined, dropout: 0, sequenceMean: means };
  const { frozen: adapted, forward } = runUnder(method, frozen, { ...variables, ...constants }, context);
  const start = streamOf(adapted, 'encoder', inputs, forward);
  const pass = encoderPass(adapted, inputs, start, forward);
  const layers = frozen.shape.encoderLayers;
  const run = (x: Tensor, from: number, to: number, whole: boolean): Tensor =>
    from === to
      ? x
      : runStack(
          adapted,
          'encoder',
          { ...start, x },
          { ...pass, forward: whole ? forward : { ...forward, visit: untouched }, blocks: [from, to] },
        );
  const head = (hidden: Tensor): Tensor =>
    classify(
      frozen.shape.pooling === 'mean' ? meanPool(hidden, inputs) : gatherRows(hidden, inputs.first),
      variables,
      0,
      undefined,
    );
  const below: Tensor[] = [start.x];
  for (let layer = 0; layer < layers; layer++) below.push(run(below[layer] as Tensor, layer, layer + 1, true));
  const scores = [head(below[layers] as Tensor)];
  for (let first = 0; first < layers; first++) {
    let bare = below[first] as Tensor;
    for (let last = first; last < layers; last++) {
      bare = run(bare, last, last + 1, false);
      scores.push(head(run(bare, last + 1, layers, true)));
    }
  }
  return tf.stack(scores);
}

/** @throws UserError for a model with a decoder, where its shape is known, and for a method of two passes */
export function demandSpans(model: string, shape: ModelShape | undefined, { name, passes }: Method): void {
  if (shape !== undefined && shape.decoderLayers > 0)
    throw new UserError(
      `spans are left out of encoders, and model "${model}" has a decoder: choose one such as minilm-l6`,
    );
  if (passes.kind !== 'once') throw new UserError(`${name} runs the model twice: spans are left out of one pass`);
}

/** The map of a trained method over examples. @throws UserError for a model with a decoder */
export function spanMap(
  { name, backbone, tokenizer }: TrainingModel,
  job: Pick<TrainingJob, 'method' | 'training' | 'engine'>,
  own: Own,
  examples: readonly ClassificationExample[],
): SpanMap {
  const { shape } = backbone;
  demandSpans(name, shape, job.method);
  if (examples.length === 0) throw new UserError('there is nothing to score: give at least one example');
  const answers = compile(
    (tensors: Own, { inputs, labels }: LabelledBatch) => {
      const best = tf.argMax(spanLogits(backbone, job.method, tensors, inputs), 2); // [spans, B]
      return { right: tf.cast(tf.equal(best, tf.expandDims(labels, 0)), 'float32') };
    },
    job.engine,
    job.training.precision,
  );
  const batching = labelledBatching(tokenizer, job.training.maxLength, classOf, { prompt: promptLength(job.method) });
  const rows = batching.encode(examples);
  const plan = planBatches(
    rows.map(({ ids }) => ids.length),
    { size: Math.min(job.training.batch, rows.length) },
  );
  const batches = evaluationBatches(rows, plan);
  const upload = batching.uploader(batches);
  const spans = spansOf(shape.encoderLayers).map((span) => ({ span, right: new Array<number>(rows.length).fill(0) }));
  for (const batch of batches) {
    const tensors = upload(batch);
    const { right } = answers(own, tensors);
    const values = right.dataSync();
    spans.forEach((one, s) =>
      batch.rows.slice(0, batch.count).forEach(({ index }, row) => {
        one.right[index] = values[s * batch.rows.length + row] ?? NaN;
      }),
    );
    disposeTree([tensors, right]);
  }
  answers.dispose();
  return { layers: shape.encoderLayers, spans };
}
