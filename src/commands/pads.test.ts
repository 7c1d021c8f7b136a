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
