import { Asker } from './ask';
import { frozenReader, trainedReader } from './reader';

/** Who reads: a model of `petl models` as it is, or the folder of an adapter that was trained to read. */
export type Reading = { readonly model: string } | { readonly adapter: string };

/**
 * A collection with its index, re-ranker and reader in memory, to ask questions of; `dispose()` frees the models.
 * @throws UserError where the index was not built, is damaged or of another encoder
 */
export function openAsker(collection = 'verses', reading: Reading = { model: 'smollm2-135m' }): Promise<Asker> {
  return Asker.open(collection, () =>
    'adapter' in reading ? trainedReader(reading.adapter) : frozenReader(reading.model),
  );
}
