import { compile } from '../engine/compile';
import type { Precision } from '../engine/program';
import { tf, type Tensor, type Tensors } from '../engine/tf';
import { disposeTree } from '../engine/tree';
import { uploadBatch } from '../model/batch';
import { languageLosses, nextTokens, targetCount, uploadTargets, type LanguageBatch } from '../model/language';
import type { Model } from '../model/open';
import { packTogether } from '../model/packing';
import { adaptationOf } from '../petl/forms/adaptation';
import { createDelta } from '../petl/bank/delta';
import { parseMethod } from '../petl/design/written';
import { BusyMeter } from './busy';

export interface TrainJob {
  readonly method: string;
  readonly rows: readonly (readonly number[])[];
  readonly steps: number;
  readonly learningRate: number;
}

export interface TrainTimes {
  readonly ms: readonly number[];
  readonly foreignCpu: readonly (number | null)[];
  readonly losses: readonly number[];
  readonly trained: number;
}

/**
 * Steps of plain gradient descent on one batch of texts, next token by next token: a method trains on a frozen decoder.
 */
export function trainSteps(
  { backbone }: Model,
  { method, rows, steps, learningRate }: TrainJob,
  precision: Precision,
): TrainTimes {
  const delta = createDelta(parseMethod(method), backbone.shape, backbone.weights, 1);
  const { apply } = adaptationOf(delta);
  const names = Object.keys(delta.variables);
  const lossOf = (own: Tensors, batch: LanguageBatch): Tensor => {
    const { frozen, forward } = apply(backbone, { ...own, ...delta.constants });
    return tf.mean(languageLosses(frozen, batch, forward, 0));
  };
  const step = compile(
    (own: Tensors, batch: LanguageBatch) => {
      const named = (list: readonly Tensor[]): Tensors =>
        Object.fromEntries(names.map((name, i) => [name, list[i] as Tensor]));
      const { value, grads } = tf.valueAndGrads((...list: Tensor[]) => lossOf(named(list), batch) as tf.Scalar)(
        Object.values(own),
      );
      return {
        loss: value as Tensor,
        own: named(Object.values(own).map((v, i) => tf.sub(v, tf.mul(grads[i] as Tensor, learningRate)))),
      };
    },
    'compiled',
    precision,
  );
  const batch = batchOf(rows);
  const found = { ms: [] as number[], foreignCpu: [] as (number | null)[], losses: [] as number[] };
  let own = Object.fromEntries(names.map((name) => [name, tf.clone(delta.variables[name] as Tensor)])) as Tensors;
  for (let i = 0; i < steps; i++) {
    const meter = new BusyMeter();
    const next = step(own, batch);
    found.losses.push(next.loss.dataSync()[0] ?? NaN);
    found.ms.push(1000 * meter.wall());
    found.foreignCpu.push(meter.foreign());
    disposeTree([next.loss, own]);
    own = next.own as Tensors;
  }
  const trained = Object.values(own).reduce((sum, { size }) => sum + size, 0);
  step.dispose();
  disposeTree([own, batch]);
  delta.dispose();
  return { ...found, trained };
}

/** Every token but the first of each text is learned. */
function batchOf(rows: TrainJob['rows']): LanguageBatch {
  const texts = rows.map((ids) => ({ ids, from: 1 }));
  const arrays = packTogether(rows.map((ids) => ({ ids: ids.slice(0, -1) })));
  return { target: uploadBatch(arrays), ...uploadTargets(nextTokens(texts, arrays, targetCount(texts))) };
}
