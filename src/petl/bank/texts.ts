import { upload } from '../../engine/memory';
import { gatherRows } from '../../engine/layers';
import { tf, type Tensor, type Tensors } from '../../engine/tf';
import { UserError } from '../../errors';
import type { Adaptation } from '../../model/generation/reader';
import { plainForward } from '../../model/forward';
import { firstPositions } from '../forms/positions';
import type { Bank, Rows } from './bank';

/** Several adapters that write in one batch, each its own texts. */
export interface MixedTexts {
  readonly adaptation: Adaptation;
  /**
   * What generation is given with a batch: the adapters' tensors, and whose each text is. The caller disposes of
   * `bank.owners` alone; the others are the bank's.
   * @param names the adapter of each text
   */
  readonly tensors: (names: readonly string[]) => Tensors;
}

const owners = 'bank.owners';

/**
 * The adapters of a bank as generation takes them: every text is read and written under its own, with one cache and one
 * program for all. For decoders, a row a text (no beams); adapters that replace weights, stand in front of a text or move its positions are
 * refused, since a batch shares those.
 */
export function mixedTexts(bank: Bank): MixedTexts {
  const { names } = bank;
  const shifted = names.find((name) => {
    const { method, shape } = bank.get(name);
    return Object.keys(firstPositions(method, shape)).length > 0;
  });
  if (shifted !== undefined)
    throw new UserError(
      `Adapter "${shifted}" moves the positions of its text, which a mixed batch shares; write with it alone.`,
    );
  return {
    adaptation: {
      tensors: {},
      prompt: 0,
      apply: (frozen, tensors, _means, sequences) => {
        const rows = Object.fromEntries(
          names.map((name, i) => [name, rowsOf(tensors[owners] as Tensor, i, sequences)]),
        );
        const visit = bank.applyMixed(rows, { noise: undefined }, ownTensors(names, tensors));
        return { frozen, forward: { ...plainForward, visit } };
      },
    },
    tensors: (texts) => {
      for (const name of texts) bank.get(name); // a UserError for one that is not there
      const places = texts.map((name) => names.indexOf(name));
      const all = names.flatMap((name) => {
        const { variables, constants } = bank.get(name);
        return Object.entries({ ...variables, ...constants }).map(([part, tensor]) => [`${name}/${part}`, tensor]);
      });
      return {
        ...(Object.fromEntries(all) as Tensors),
        [owners]: upload(Float32Array.from(places), [places.length, 1]),
      };
    },
  };
}

/** Every adapter's tensors out of those that a program is fed with. */
function ownTensors(names: readonly string[], tensors: Tensors): Readonly<Record<string, Tensors>> {
  const of = (name: string): Tensors =>
    Object.fromEntries(
      Object.entries(tensors).flatMap(([key, tensor]) =>
        key.startsWith(`${name}/`) ? [[key.slice(name.length + 1), tensor] as const] : [],
      ),
    );
  return Object.fromEntries(names.map((name) => [name, of(name)]));
}

/** The rows of the adapter at `place`. Rows without a text follow the first one; nothing reads them. */
function rowsOf(owner: Tensor, place: number, sequences: Tensor | undefined): Rows {
  const isOwn = (column: Tensor): Tensor => tf.reshape(tf.equal(column, tf.scalar(place)), [-1]);
  const texts = isOwn(owner); // [B]
  if (sequences === undefined) return { source: texts, sequences: texts };
  return { source: isOwn(gatherRows(owner, tf.maximum(sequences, tf.scalar(0, 'int32')))), sequences: texts };
}
