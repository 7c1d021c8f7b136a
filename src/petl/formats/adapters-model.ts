import { UserError } from '../../errors';
import { byModelType, familyTables } from '../../model/checkpoint/families';
import { word, type Base } from './base';
import type { Config } from './folder';

/**
 * The model that a file of adapters' is for. XLM-RoBERTa is RoBERTa under another name: what reads the one's
 * configuration reads the other's.
 */
export function demandModel(config: Config, { shape }: Base, file: string): void {
  const [type, width] = [word(config, 'model_type', file), config['hidden_size'] ?? shape.width];
  if (type !== undefined && type !== shape.family && byModelType[type] !== familyTables[shape.family])
    throw new UserError(
      `${file} is for a ${type} model, this is a ${shape.family}: load the adapter on the model it was trained on`,
    );
  if (width !== shape.width)
    throw new UserError(
      `${file} is for hidden size ${JSON.stringify(width)}, this model has ${shape.width}: load the adapter on the model it was trained on`,
    );
}
