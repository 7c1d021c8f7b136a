import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { tf } from '../engine/tf';
import { defaultTraining } from '../experiments/store/settings';
import { openModel } from '../model/open';
import { createDelta } from '../petl/bank/delta';
import { parseMethod } from '../petl/design/written';
import type { Method } from '../petl/design/types';
import { perturbed } from '../petl/testing/tiny';
import type { ClassificationExample } from '../tasks/classification';
import { classifierOf } from './classifier';
import { wordModel, words } from './fixtures/words';
import { classOf } from './kinds/classification';
import { newHead } from './kinds/pooled';
import { labelledBatching } from './kinds/pooled-batches';
import { spansOf, type Span } from '../tasks/spans';
import { spanLogits, spanMap } from './spans';
import { encodeTexts } from '../tasks/encode';
import { evaluationBatches } from '../tasks/batches';
import { planBatches } from '../tasks/plan';

const folder = mkdtempSync(join(tmpdir(), 'petl-spans-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const examples: readonly ClassificationExample[] = Array.from({ length: 7 }, (_, i) => ({
  id: String(i),
  text: words(...Array.from({ length: 2 + (i % 3) }, (__, j) => 11 * i + 3 * j)),
  pair: null,
  label: i % 3,
}));

/** The method without its modifications in a span: what naive recomputation runs. */
function without(method: Method, span: Span, layers: number): Method {
  const kept = Array.from({ length: layers }, (_, layer) => layer).filter(
    (layer) => span === null || layer < span[0] || layer > span[1],
  );
  return { ...method, modifications: method.modifications.map((one) => ({ ...one, layers: kept })) };
}

describe('leaving spans of layers out', { timeout: 60_000 }, () => {
  it('lists every span once, the whole model first', () => {
    expect(spansOf(3)).toEqual([null, [0, 0], [0, 1], [0, 2], [1, 1], [1, 2], [2, 2]]);
    expect(spansOf(12)).toHaveLength(79);
  });

  it('is what running the model anew without those adapters gives, for every span', async () => {
    const model = await openModel(wordModel(folder, 'bert'));
    const { backbone } = model;
    const tokenizer = model.tokenizer!;
    const method = parseMethod('houlsby:m=3');
    const delta = createDelta(method, backbone.shape, backbone.weights, 5);
    const head = newHead(backbone.shape.width, 3, 5);
    const own = { variables: { ...perturbed(delta.variables, 0.3, 5), ...head }, constants: delta.constants };
    const job = { method, training: { ...defaultTraining, batch: 4 }, engine: 'eager' as const };
    const rows = encodeTexts(tokenizer, examples, 24);
    const [batch] = evaluationBatches(
      rows,
      planBatches(
        rows.map(({ ids }) => ids.length),
        { size: 7 },
      ),
    );
    const inputs = labelledBatching(tokenizer, 24, classOf, { prompt: 0 }).uploader([batch!])(batch!).inputs;
    const layers = backbone.shape.encoderLayers;
    const found = tf.unstack(spanLogits(backbone, method, own, inputs));
    expect(found).toHaveLength(1 + (layers * (layers + 1)) / 2);
    const naive = spansOf(layers).map((span) =>
      classifierOf(backbone, without(method, span, layers), job.training, { work: 'all' }).logits(
        own,
        inputs,
        undefined,
      ),
    );
    naive.forEach((logits, s) => {
      const far = tf.max(tf.abs(tf.sub(logits, found[s]!))).dataSync()[0];
      expect(far, JSON.stringify(spansOf(layers)[s])).toBeLessThan(1e-5);
    });
    const apart = tf.max(tf.abs(tf.sub(naive[0]!, naive[layers]!))).dataSync()[0];
    expect(apart).toBeGreaterThan(1e-3); // leaving all out is another function

    const tokenized = { ...model, tokenizer };
    const eager = spanMap(tokenized, job, own, examples);
    const compiled = spanMap(tokenized, { ...job, engine: 'compiled' }, own, examples);
    expect(compiled).toEqual(eager);
    const best = naive.map((logits) => Array.from(tf.argMax(logits, 1).dataSync()));
    eager.spans.forEach(({ right }, s) =>
      batch!.rows.forEach(({ index, label }, row) => expect(right[index]).toBe(Number(best[s]?.[row] === label))),
    );
    backbone.dispose();
  });
});
