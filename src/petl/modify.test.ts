import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compile } from '../engine/compile';
import { tf, type Tensor } from '../engine/tf';
import type { Backbone } from '../model/backbone';
import type { ModelShape } from '../model/shape';
import { decodeText, type TextPair } from '../model/decoder';
import { encode, plainForward } from '../model/encoder';
import { hasCrossAttention, knownShapes } from '../model/shapes';
import type { SitePoint } from '../model/site';
import { mhpa, prefix } from './methods';
import { visitFor } from './modify';
import { whyInvalid } from './valid';
import { furthest, methodOf, packedBatch, realRows, tensor, tensorsOf, tinyModel, unified, type AttentionCase, type Stored } from './testing/fixtures';
import type { Method } from './design';

/** `[heads, T, dh]` as rows `[T, heads * dh]` */
const rowsOf = (stored: Stored): Tensor => tf.tidy(() => {
  const [heads, rows, width] = stored.shape as [number, number, number];
  return tf.reshape(tf.transpose(tensor(stored), [1, 0, 2]), [rows, heads * width]);
});

const ungated = (l: number): Method => {
  const gated = prefix({ l });
  return { ...gated, modifications: gated.modifications.map((m) => ({ ...m, composition: { kind: 'add' } }) as typeof m) };
};

/** What a method makes of the attention's output, at `encoder.0.attn.heads`. */
function atHeads(method: Method, one: AttentionCase, names: readonly [string, string], transposed: boolean): Tensor {
  const shape: ModelShape = { ...(knownShapes['bert-base-uncased'] as ModelShape), heads: one.heads, keyValueHeads: one.keyValueHeads, headWidth: one.headWidth, width: one.heads * one.headWidth };
  const keys = tensor(one.prefixKey);
  const tensors = { [`encoder.0.attn.heads.${names[0]}`]: transposed ? tf.transpose(keys) : keys, [`encoder.0.attn.heads.${names[1]}`]: tensor(one.prefixValue) };
  const others = Object.fromEntries(Array.from({ length: 12 }, (_, i) => names.map((n) => [`encoder.${i}.attn.heads.${n}`, tensors[`encoder.0.attn.heads.${n}`] as Tensor])).flat()) as Record<string, Tensor>;
  const mass = one.logMass.map((row) => row.map((value) => value ?? -1e9)); // what the model's mask makes of a query that sees nothing
  const point: SitePoint = {
    site: 'attn.heads', stack: 'encoder', layer: 0, input: rowsOf(one.query), output: rowsOf(one.attention),
    attention: { query: rowsOf(one.query), heads: one.heads, scale: one.scale, logMass: () => tf.transpose(tf.tensor2d(mass)) },
  };
  return visitFor(method, shape, others, { noise: undefined })(point);
}

const rows = (x: Tensor): number[][] => x.arraySync() as number[][];

describe('prefix tuning is a gated adapter (He et al. 2021, equations 5-7)', () => {
  it.each(unified.attention.map((one) => [one.name, one] as const))('%s', (_, one) => {
    const gated = atHeads(prefix({ l: 3 }), one, ['prefix.keys', 'prefix.values'], false);
    expect(furthest(rows(gated), rows(rowsOf(one.gated)))).toBeLessThan(1e-5);
    const plain = atHeads(ungated(3), one, ['prefix.keys', 'prefix.values'], false);
    expect(furthest(rows(plain), rows(rowsOf(one.ungated)))).toBeLessThan(1e-5);
  });

  it.each(unified.attention.filter((one) => one.heads === one.keyValueHeads).map((one) => [one.name, one] as const))('with ReLU for softmax and no gate it is the multi-head parallel adapter: %s', (_, one) => {
    const changed = atHeads(mhpa({ l: 3 }), one, ['bottleneck.down', 'bottleneck.up'], true);
    expect(furthest(rows(changed), rows(rowsOf(one.multiHeadScaled)))).toBeLessThan(1e-5);
  });
});

const families = [...new Set(unified.models.map((m) => m.family))];

describe.each(families)('methods on a tiny %s equal numpy float64', (family) => {
  let model: Backbone;
  let text: TextPair;
  beforeAll(() => {
    model = tinyModel(family);
    const own = packedBatch(unified.ids, unified.mask);
    text = hasCrossAttention(model.shape) ? { source: own, target: packedBatch(unified.decoderIds, unified.decoderMask) } : { target: own };
  });
  afterAll(() => { model.dispose(); });

  it.each(unified.models.filter((m) => m.family === family).map((m) => [m.name, m] as const))('%s', (_, one) => {
    const method = methodOf(one.modifications);
    expect(whyInvalid(method, model.shape)).toBeUndefined();
    const tensors = tensorsOf(one.values);
    const run = compile((inputs: TextPair, own: typeof tensors) => {
      const forward = { ...plainForward, visit: visitFor(method, model.shape, own, { noise: undefined }) };
      return model.shape.decoderLayers === 0 ? encode(model, inputs.target, forward) : decodeText(model, inputs, forward);
    }, one.name === 'mam' ? 'compiled' : 'eager');
    const hidden = run(text, tensors) as Tensor;
    expect(furthest(realRows(hidden, text.target), one.hidden[model.shape.decoderLayers === 0 ? 'encoder' : 'decoder'] ?? [])).toBeLessThan(1e-5);
    run.dispose();
    tf.dispose([hidden, Object.values(tensors)]);
  });
});
