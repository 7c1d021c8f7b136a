import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compile } from '../../engine/compile';
import { tf, type Tensor } from '../../engine/tf';
import type { Backbone } from '../../model/backbone';
import { decodeText, type TextPair } from '../../model/decoder';
import { encode, plainForward } from '../../model/encoder';
import { hasCrossAttention } from '../../model/shapes';
import { visitFor } from './modify';
import { whyInvalid } from '../design/valid';
import { furthest, methodOf, packedBatch, realRows, tensorsOf, tinyModel, unified } from '../testing/fixtures';

const families = [...new Set(unified.models.map((m) => m.family))];

describe.each(families)('methods on a tiny %s equal numpy float64', (family) => {
  let model: Backbone;
  let text: TextPair;
  beforeAll(() => {
    model = tinyModel(family);
    const own = packedBatch(unified.ids, unified.mask);
    text = hasCrossAttention(model.shape)
      ? { source: own, target: packedBatch(unified.decoderIds, unified.decoderMask) }
      : { target: own };
  });
  afterAll(() => {
    model.dispose();
  });

  it.each(unified.models.filter((m) => m.family === family).map((m) => [m.name, m] as const))('%s', (_, one) => {
    const method = methodOf(one.modifications);
    expect(whyInvalid(method, model.shape)).toBeUndefined();
    const tensors = tensorsOf(one.values);
    const run = compile(
      (inputs: TextPair, own: typeof tensors) => {
        const forward = { ...plainForward, visit: visitFor(method, model.shape, own, { noise: undefined }) };
        return model.shape.decoderLayers === 0
          ? encode(model, inputs.target, forward)
          : decodeText(model, inputs, forward);
      },
      one.name === 'mam' ? 'compiled' : 'eager',
    );
    const hidden = run(text, tensors) as Tensor;
    expect(
      furthest(
        realRows(hidden, text.target),
        one.hidden[model.shape.decoderLayers === 0 ? 'encoder' : 'decoder'] ?? [],
      ),
    ).toBeLessThan(1e-5);
    run.dispose();
    tf.dispose([hidden, Object.values(tensors)]);
  });
});
