import { upload } from '../engine/memory';
import type { Tensors } from '../engine/tf';
import { normals, randomStream } from '../random';
import { Backbone } from './backbone';
import { sinusoids } from './sinusoids';
import { readConfig, shapeOf } from './checkpoint/config';
import type { ModelShape } from './shape';
import { madeShapes, weightShapes } from './shapes';

/** The model that a folder's config describes as it was before any training. */
export function randomBackbone(folder: string, seed: number): Backbone {
  return randomOfShape(folder, shapeOf(readConfig(folder)), seed);
}

/** A model as it was before any training: N(0, 0.02) matrices and tables, norms 1, biases 0. */
export function randomOfShape(source: string, shape: ModelShape, seed: number): Backbone {
  const weights: Tensors = Object.fromEntries(
    Object.entries(weightShapes(shape)).map(([name, size]) => [name, upload(startOf(name, size, seed), size)]),
  );
  const made = Object.entries(madeShapes(shape)).map(([name, [rows = 0, width = 0]]) => [name, sinusoids(rows, width)]);
  return new Backbone(source, shape, { weights: { ...weights, ...Object.fromEntries(made) }, files: [] });
}

/** Draws depend on seed and name alone. */
function startOf(name: string, shape: readonly number[], seed: number): Float32Array {
  const values = new Float32Array(shape.reduce((product, n) => product * n, 1));
  if (name.endsWith('.gain')) return values.fill(1);
  if (name.endsWith('.bias')) return values;
  const next = normals(randomStream(seed, name));
  return values.map(() => 0.02 * next());
}
