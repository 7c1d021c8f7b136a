import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../errors';
import { readConfig, shapeOf } from '../../model/checkpoint/config';
import type { ModelShape } from '../../model/shape';
import { placed } from '../../model/registry';
import { knownShapes } from '../../model/shapes';
import { count } from '../../petl/counts/count';
import { nearest } from '../../petl/design/nearest';
import { parseMethod } from '../../petl/design/written';
import { taskNamed } from '../../tasks/registry';
import type { RunCounts } from './record';
import type { RunSpec } from './spec';

/** Shapes of models that had to be opened for them: GGUF files, and those of the hub. */
const opened = new Map<string, ModelShape>();

/**
 * The shape of a model by its name or by the folder that holds its config.json; else a UserError that lists the names.
 */
export function shapeNamed(model: string): ModelShape {
  const known = opened.get(model) ?? (Object.hasOwn(knownShapes, model) ? knownShapes[model] : undefined);
  if (known) return known;
  const path = placed(model);
  if (existsSync(join(path, 'config.json')) || /[\\/]/.test(path)) return shapeOf(readConfig(path));
  const names = Object.keys(knownShapes);
  throw new UserError(
    `unknown model "${model}": choose a folder with config.json, or one of ${names.join(', ')}${nearest(model, names)}`,
  );
}

/** The same, undefined for a model that has to be opened first. */
export function shapeIfKnown(model: string): ModelShape | undefined {
  const isClosed = model.startsWith('hub:') || model.endsWith('.gguf');
  return isClosed && !opened.has(model) ? undefined : shapeNamed(model);
}

/** Tells the shape of a model that was opened. */
export function learnShape(model: string, shape: ModelShape): void {
  opened.set(model, shape);
}

/** Counts of a run that is not made, where the shape of its model is known. */
export function countIfKnown(spec: RunSpec): RunCounts | undefined {
  return shapeIfKnown(spec.model) && countRun(spec);
}

/** Closed-form counts of a run: no tensor is made. */
export function countRun(spec: RunSpec): RunCounts {
  const { trained, used, stored, head, paper, backbone } = count(
    parseMethod(spec.method),
    shapeNamed(spec.model),
    taskNamed(spec.task).outputs,
  );
  return { trained, used, stored, head, paper, backbone };
}
