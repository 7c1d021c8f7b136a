import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../errors';
import type { Passage } from '../tasks/collections/collection';
import { demandMadeFrom, indexFolder, readPart } from '../tasks/collections/part';
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
  /** Folder of its re-ranker; undefined where it has none yet. */
  readonly reranker: string | undefined;
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
  const { body } = dense;
  const vectors = new Float32Array(body.buffer.slice(body.byteOffset, body.byteOffset + body.byteLength));
  const folder = rerankerFolder(collection);
  return {
    collection,
    passages,
    lexical: lexicalFrom(collection, lexical.body),
    dense: { vectors, width: vectors.length / passages.length },
    encoder: dense.from['encoder'] ?? '',
    reranker: existsSync(join(folder, 'task.json')) ? folder : undefined,
  };
}

/** Where the re-ranker of a collection is kept: an adapter's folder. */
export function rerankerFolder(collection: string): string {
  return join(indexFolder(collection), 'reranker');
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
export function demandEncoder({ collection, encoder }: Index, { hash }: Pick<Embedder, 'hash'>): void {
  if (encoder === hash) return;
  throw new UserError(
    `the index of "${collection}" was made with another encoder (weights ${encoder.slice(0, 12)}) than the one here (${hash.slice(0, 12)}): make it anew with: npx petl index ${collection}`,
  );
}
