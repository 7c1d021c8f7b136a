import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../errors';
import type { ModelShape } from '../shape';
import { families } from './families';
import type { Config } from './fields';

export type { Config } from './fields';

export function readConfig(folder: string): Config {
  const path = join(folder, 'config.json');
  if (!existsSync(path))
    throw new UserError(
      `model folder ${folder} has no config.json: name a folder saved by save_pretrained, or a model of \`petl models\``,
    );
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Config;
  } catch {
    throw new UserError(`${path} is not valid JSON: copy the model's config.json again`);
  }
}

/** The shape that a config describes. Throws a UserError on an architecture that this project does not know. */
export function shapeOf(config: Config): ModelShape {
  const type = String(config['model_type']);
  const make = families[type];
  if (make === undefined)
    throw new UserError(`model_type "${type}" is not supported: known are ${Object.keys(families).join(', ')}`);
  const shape = make(config);
  if ((shape.heads * shape.headWidth) % 1 !== 0 || shape.headWidth % 1 !== 0)
    throw new UserError(`config.json: width ${shape.width} does not divide into ${shape.heads} heads`);
  return shape;
}
