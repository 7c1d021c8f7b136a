import { openTokenizer } from '../../model/open';
import type { ModelShape } from '../../model/shape';
import { watchPeak } from '../../peak';
import type { Method } from '../../petl/design/types';
import { parseMethod } from '../../petl/design/written';
import { examplesOf } from '../../tasks/pinned';
import { taskNamed } from '../../tasks/registry';
import type { TaskData } from '../../tasks/task';
import { countOpened } from '../store/count-opened';
import { shapeNamed } from '../store/counts';
import type { RunSpec } from '../store/settings';
import { extentOf, type Extent } from './extent';
import type { Terms } from './names';
import { termsOf } from './terms';

/**
 * What the memory of runs of one task is made of. Loads the task's examples and measures that: in a process of its own,
 * which has loaded nothing else.
 * @throws UserError where a model or the task's data are not here
 */
export async function lookAtRuns(specs: readonly RunSpec[]): Promise<readonly Terms[]> {
  const [first] = specs;
  if (first === undefined) return [];
  const task = taskNamed(first.task);
  const before = process.memoryUsage().rss / 2 ** 20;
  const peak = watchPeak();
  const data = await examplesOf(task);
  const dataMb = Math.max(0, (peak() ?? before) - before);
  const extents = new Map<string, Extent>();
  const found: Terms[] = [];
  for (const spec of specs) {
    await countOpened(spec); // tells the shape of a model that must be opened for it
    const shape = shapeNamed(spec.model);
    const { training, model } = spec;
    const key = JSON.stringify([model, training]);
    const extent = extents.get(key) ?? (await extentIn(data, spec, shape.encoderLayers === 0));
    extents.set(key, extent);
    const method = parseMethod(spec.method);
    const reader = readerOf(method);
    found.push(termsOf({ method, shape, reader, training, outputs: task.outputs, extent, dataMb }));
  }
  return found;
}

function readerOf({ prompt }: Method): ModelShape | null {
  return prompt.kind === 'written' && prompt.encoder.kind === 'model' ? shapeNamed(prompt.encoder.name) : null;
}

async function extentIn(data: TaskData, { model, training }: RunSpec, joined: boolean): Promise<Extent> {
  const tokenizer = await openTokenizer(model);
  if (tokenizer === undefined) throw new Error(`model "${model}" has no tokenizer`);
  return extentOf(data, training, tokenizer, joined);
}
