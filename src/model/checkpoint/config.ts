import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../errors';
import type { ModelShape } from '../shape';
import { byModelType } from './families/index';
import type { FamilyTable } from './families/table';
import { demand, type Config } from './fields';
import { isHarmlessKey } from './harmless';
import { recordIn } from './regular';
import { demandSane } from './sane';
import { demandRead, watched } from './watched';

export type { Config } from './fields';

export function readConfig(folder: string): Config {
  const path = join(folder, 'config.json');
  if (!existsSync(path))
    throw new UserError(
      `model folder ${folder} has no config.json: name a folder saved by save_pretrained, or a model of \`petl models\``,
    );
  return recordIn(path);
}

/**
 * The shape that a config describes. Throws a UserError on an architecture that this project does not know, on numbers
 * that no model has, and on a key that is neither used nor known to change nothing.
 */
export function shapeOf(given: Config): ModelShape {
  const type = String(given['model_type']);
  const table = Object.hasOwn(byModelType, type) ? byModelType[type] : undefined;
  if (table === undefined)
    throw new UserError(`model_type "${type}" is not supported: known are ${Object.keys(byModelType).join(', ')}`);
  const seen = watched(given);
  const shape = table.shape(seen.record);
  demandPlain(seen.record, table);
  demandRead(seen, 'config.json', (key) => isHarmlessKey(key, table.harmlessKeys));
  demandSane(shape, table.stacks);
  return shape;
}

const slidingCaches: readonly string[] = [
  'sliding_window',
  'hybrid_chunked',
  'offloaded_hybrid',
  'offloaded_hybrid_chunked',
];

/** Keys of every family that would change its structure. */
function demandPlain(config: Config, { stacks }: FamilyTable): void {
  demand(config, 'is_encoder_decoder', [stacks.length === 2]);
  demand(config, 'is_decoder', stacks.includes('encoder') ? [false] : [false, true]);
  demand(config, 'add_cross_attention', [false]);
  demand(config, 'tie_encoder_decoder', [false]);
  // how keys and values are kept while a text is written; a quantised cache rounds them
  demand(config, 'cache_implementation', [
    'dynamic',
    'static',
    'offloaded',
    'offloaded_static',
    'hybrid',
    ...slidingCaches,
  ]);
}
