import { readConfig, shapeOf } from '../../model/checkpoint/config';
import { openGguf } from '../../model/checkpoint/gguf';
import { download } from '../../model/hub';
import { modelNamed } from '../../model/registry';
import type { ModelShape } from '../../model/shape';
import { countRun, learnShape, shapeIfKnown } from './counts';
import type { RunCounts } from './record';
import type { RunSpec } from './spec';

/** Counts of a run, for which a model of the hub is brought and a GGUF file opened. */
export async function countOpened(spec: RunSpec): Promise<RunCounts> {
  const { model } = spec;
  if (shapeIfKnown(model) === undefined) {
    const { kind, path } = modelNamed(model.startsWith('hub:') ? await download(model) : model);
    learnShape(model, kind === 'gguf' ? await shapeOfFile(path) : shapeOf(readConfig(path)));
  }
  return countRun(spec);
}

async function shapeOfFile(path: string): Promise<ModelShape> {
  const file = await openGguf(path);
  file.close();
  return file.shape;
}
