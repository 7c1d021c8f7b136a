import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { upload } from '../engine/memory';
import { tf, type Tensor, type Tensors } from '../engine/tf';
import { UserError } from '../errors';
import { readConfig, shapeOf } from './checkpoint/config';
import { canonicalName, type Target } from './checkpoint/names';
import { openSafetensors, type StoredTensor } from './checkpoint/safetensors';
import type { ModelShape } from './shape';
import { weightShapes } from './shapes';

/** A frozen model in memory: plain tensors that nothing can train. Owns them until `dispose()`. */
export class Backbone {
  readonly folder: string;
  readonly shape: ModelShape;
  readonly weights: Tensors;

  constructor(folder: string, shape: ModelShape, weights: Tensors) {
    this.folder = folder;
    this.shape = shape;
    this.weights = weights;
  }

  /** SHA-256 of the weight file: says which model an adapter belongs to. */
  async hash(): Promise<string> {
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(join(this.folder, 'model.safetensors'))) hash.update(chunk as Buffer);
    return hash.digest('hex');
  }

  dispose(): void { for (const weight of Object.values(this.weights)) weight.dispose(); }
}

/** Loads a folder with config.json and model.safetensors; the weights live once, in TensorFlow's memory. */
export function loadBackbone(folder: string): Backbone {
  const shape = shapeOf(readConfig(folder));
  const file = openSafetensors(join(folder, 'model.safetensors'));
  const weights: Record<string, Tensor> = {};
  try {
    for (const stored of file.tensors) {
      const target = canonicalName(shape.family, stored.name);
      if (target !== undefined) weights[target.name] = load(stored, target, shape);
    }
    demandAll(folder, shape, weights);
  } catch (error) {
    for (const weight of Object.values(weights)) weight.dispose();
    throw error;
  } finally {
    file.close();
  }
  return new Backbone(folder, shape, weights);
}

function load(stored: StoredTensor, { name, transpose }: Target, shape: ModelShape): Tensor {
  const own = transpose ? [...stored.shape].reverse() : stored.shape;
  const expected = weightShapes(shape)[name];
  if (expected?.join() !== own.join()) {
    throw new UserError(`tensor ${stored.name} has shape [${stored.shape.join()}], the config asks for [${(expected ?? []).join()}]: config.json and weights belong to different models`);
  }
  const values = upload(stored.read(), stored.shape);
  if (!transpose) return values;
  const turned = tf.transpose(values);
  values.dispose();
  return turned;
}

function demandAll(folder: string, shape: ModelShape, weights: Tensors): void {
  // A pooler is counted with the backbone but no head here reads it: files without one are fine.
  const missing = Object.keys(weightShapes(shape)).filter((name) => weights[name] === undefined && !name.startsWith('pooler.'));
  if (missing.length > 0) throw new UserError(`${folder} lacks ${missing.length} weights, ${missing[0] as string} first: it is not a complete ${shape.family} checkpoint`);
}
