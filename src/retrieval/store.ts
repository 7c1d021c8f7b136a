import { UserError } from '../errors';
import type { Passage } from '../tasks/collections/collection';
import { demandMadeFrom, readPart, type Origin } from '../tasks/collections/part';
import { storedPassages } from '../tasks/collections/stored';
import type { Dense } from './dense';
import type { Embedder } from './embed';
import { lexicalVersion, openLexical, type Lexical } from './lexical';

/** An index that was built, as it is read from disk. */
export interface Index {
  readonly collection: string;
  readonly passages: readonly Passage[];
  readonly lexical: Lexical;
  readonly dense: Dense;
  /** Hash of the weights that its vectors were made with. */
  readonly encoder: string;
  /** What a re-ranker and the passages of questions must have been made from. */
  readonly origin: Origin;
}

/**
 * Opens the index of a collection.
 * @throws UserError where it was not built, is damaged, or its parts do not belong together
 */
export function openIndex(collection: string): Index {
  const { hash, passages } = storedPassages(collection);
  const lexical = readPart(collection, 'lexical');
  demandMadeFrom(collection, 'lexical', lexical, { passages: hash, library: lexicalVersion });
  const dense = readPart(collection, 'dense');
  demandMadeFrom(collection, 'dense', dense, { passages: hash });
  return {
    collection,
    passages,
    lexical: lexicalFrom(collection, lexical.body),
    dense: denseFrom(collection, dense.body, passages.length),
    encoder: dense.from['encoder'] ?? '',
    origin: { passages: hash, lexical: lexical.hash, dense: dense.hash },
  };
}

/** As many vectors as passages, all of one width. */
function denseFrom(collection: string, body: Buffer, passages: number): Dense {
  const width = body.byteLength / 4 / passages;
  if (!Number.isInteger(width) || width === 0)
    throw new UserError(
      `the dense index of "${collection}" has ${body.byteLength} bytes, which are no vectors of ${passages} passages: make it anew with: npx petl index ${collection}`,
    );
  return { vectors: new Float32Array(body.buffer.slice(body.byteOffset, body.byteOffset + body.byteLength)), width };
}

/** A file whose bytes are right may still be no index of this library. */
function lexicalFrom(collection: string, body: Buffer): Lexical {
  try {
    return openLexical(body.toString('utf8'));
  } catch {
    throw new UserError(
      `the lexical index of "${collection}" is none that this library reads: make it anew with: npx petl index ${collection}`,
    );
  }
}

/** Queries are read by the weights that passages were read by. @throws UserError */
export function demandEncoder(
  { collection, encoder, dense }: Index,
  { hash, width }: Pick<Embedder, 'hash' | 'width'>,
): void {
  if (encoder === hash && dense.width !== width)
    throw new UserError(
      `the dense index of "${collection}" has vectors of ${dense.width} numbers, and the encoder's have ${width}: make it anew with: npx petl index ${collection}`,
    );
  if (encoder === hash) return;
  throw new UserError(
    `the index of "${collection}" was made with another encoder (weights ${encoder.slice(0, 12)}) than the one here (${hash.slice(0, 12)}): make it anew with: npx petl index ${collection}`,
  );
}
