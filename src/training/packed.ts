import { uploadBatch, type Batch as PackedBatch } from '../model/batch';
import { packSequences, type PackedArrays, type Packing, type Sequence } from '../model/packing';
import type { Batch, Encoded } from '../tasks/batches';
import { byLength } from './data';

/** The sequences of a shard, packed, and their tensors, which the caller owns. */
export interface Packed {
  readonly packed: PackedArrays;
  /** Of a shard they say where it stands in its batch. */
  readonly tensors: PackedBatch;
}

/**
 * Packs the sequences of any of these shards, those of one planned length alike.
 * @param packing of shards of one planned length @param sequence what is packed of a row
 */
export function packerOf<E extends Encoded>(
  shards: readonly Batch<E>[],
  packing: (alike: readonly Batch<E>[], length: number) => Packing,
  sequence: (row: E) => Sequence,
): (shard: Batch<E>) => Packed {
  const own = byLength(shards, packing);
  const wholes = byLength(
    shards.flatMap(({ of }) => of?.whole ?? []),
    packing,
  );
  const packedAs = ({ rows, length }: Batch<E>, by: ReadonlyMap<number, Packing>): PackedArrays =>
    packSequences(rows.map(sequence), planned(by, length));
  let last: { readonly batch: Batch<E>; readonly packed: PackedArrays } | undefined; // its shards come one after another
  const wholeOf = (batch: Batch<E>): PackedArrays => {
    if (last?.batch !== batch) last = { batch, packed: packedAs(batch, wholes) };
    return last.packed;
  };
  return (shard) => {
    const { of, length } = shard;
    const packed = packedAs(shard, own);
    const whole = of && { packed: wholeOf(of.whole), order: of.order, prompt: planned(own, length).prompt };
    return { packed, tensors: uploadBatch(packed, whole) };
  };
}

function planned(packings: ReadonlyMap<number, Packing>, length: number): Packing {
  const found = packings.get(length);
  if (found === undefined) throw new Error(`no shapes were planned for length ${length}`);
  return found;
}
