import { tf, type Tensor } from '../engine/tf';
import { layoutOf, type Batch } from './batch';
import { decode } from './decoder';
import { encode } from './encoder';
import { plainForward, type Frozen } from './forward';

/**
 * Hidden states `[N, d]` of a frozen model that reads texts for another: of its encoder, or of a decoder where it has
 * none. @param layers the lowest ones alone, with the stack's final norm
 */
export function readStates({ shape, weights }: Frozen, batch: Batch, layers?: number): Tensor {
  const encodes = shape.encoderLayers > 0;
  const cut = layers === undefined ? {} : { [encodes ? 'encoderLayers' : 'decoderLayers']: layers };
  return (encodes ? encode : decode)({ shape: { ...shape, ...cut }, weights }, batch, plainForward);
}

/** The batch without the slots of prompts: nothing attends to them. */
export function withoutSlots(batch: Batch): Batch {
  const isSlot = tf.cast(tf.expandDims(tf.greaterEqual(batch.prompts, 0), 1), 'float32');
  const [slots = []] = layoutOf(batch).spreadHeads(isSlot, 1, 1);
  const keys = batch.keys.map((own, g) => tf.mul(own, tf.sub(1, tf.reshape(slots[g] as Tensor, own.shape))));
  return { ...batch, keys };
}
