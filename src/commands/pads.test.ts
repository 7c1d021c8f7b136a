import { join } from 'node:path';
import { expect, it } from 'vitest';
import { tf } from '../engine/tf';
import { Backbone, loadBackbone } from '../model/backbone';
import { noAdaptation } from '../model/generation/reader';
import { createDelta } from '../petl/bank/delta';
import { parseMethod } from '../petl/design/written';
import { adaptationOf } from '../petl/forms/adaptation';
import { projectRoot } from '../project';
import { computed } from './forward';

// PEFT hands RoBERTa a prompt as vectors, and the texts behind it, too: their padding ids (1) then count as tokens.
it("RoBERTa's padding id inside a text has a position behind a prompt that counts as earlier tokens, and none without", () => {
  const { shape, weights } = loadBackbone(join(projectRoot(), 'src', 'model', 'fixtures', 'tiny-roberta'));
  const word = weights['embedding.word'];
  if (word === undefined) throw new Error('no table of words');
  const alike = tf.gather(
    word,
    tf.tensor1d(
      [...Array(word.shape[0]).keys()].map((id) => (id === 1 ? 5 : id)),
      'int32',
    ),
  );
  const backbone = new Backbone('', shape, { weights: { ...weights, 'embedding.word': alike }, files: [] });
  const delta = createDelta(parseMethod('prompt:l=2,positions=shifted'), shape, weights, 1);
  const outputs = (ids: readonly number[], adaptation = noAdaptation): string =>
    JSON.stringify(
      computed({ model: { backbone }, adaptation, head: {} }, { ids: [ids], mask: [[1, 1, 1]] }, undefined).values,
    );
  expect(outputs([7, 1, 9], adaptationOf(delta))).toBe(outputs([7, 5, 9], adaptationOf(delta)));
  expect(outputs([7, 1, 9])).not.toBe(outputs([7, 5, 9]));
  delta.dispose();
  backbone.dispose();
  word.dispose();
});

// transformers gives padding ids the row before the first position, past keys or not: (cumsum + past) * mask + padding.
it("RoBERTa's padding id inside a text stays before the first position where a prefix moves the others", () => {
  const { shape, weights } = loadBackbone(join(projectRoot(), 'src', 'model', 'fixtures', 'tiny-roberta'));
  const table = weights['embedding.position'];
  if (table === undefined) throw new Error('no table of positions');
  const delta = createDelta(parseMethod('prefix:l=1,positions=shifted'), shape, weights, 1);
  const outputs = (row: number): string => {
    const factors = Array.from({ length: table.shape[0] ?? 0 }, (_, at) => [at === row ? 3 : 1]);
    const changed = tf.mul(table, tf.tensor2d(factors));
    const backbone = new Backbone('', shape, { weights: { ...weights, 'embedding.position': changed }, files: [] });
    const model = { model: { backbone }, adaptation: adaptationOf(delta), head: {} };
    return JSON.stringify(computed(model, { ids: [[7, 1, 9]], mask: [[1, 1, 1]] }, undefined).values);
  };
  // Rows 3 and 4 for the words behind one virtual token, 1 for padding; 2 for nobody.
  expect(outputs(2)).toBe(outputs(-1));
  for (const row of [1, 3, 4]) expect(outputs(row)).not.toBe(outputs(-1));
  delta.dispose();
});
