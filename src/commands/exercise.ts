import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { seconds } from '../clock';
import { compile } from '../engine/compile';
import { live, upload } from '../engine/memory';
import { tf, type Tensor, type Tensors } from '../engine/tf';
import { disposeTree } from '../engine/tree';
import { loadBackbone } from '../model/backbone';
import { uploadBatch } from '../model/batch';
import { packTogether } from '../model/packing';
import { projectRoot } from '../project';
import { createDelta } from '../petl/bank/delta';
import { parseMethod } from '../petl/design/written';
import { classifierOf } from '../training/classifier';
import { labelledBatch } from '../training/labelled';
import { Loop, type Steps } from '../training/loop';
import { startState } from '../training/optimizer';
import { stepperOf } from '../training/stepper';
import { printJson, wholeOf, type Input } from './command';
import { UserError } from '../errors';

/** What one process of the stress test does; prints what it found as JSON. */
export async function exerciseCommand(input: Input): Promise<number> {
  const kind = input.positionals[0] ?? '';
  const exercise = exercises[kind];
  if (exercise === undefined)
    throw new UserError(`unknown exercise "${kind}": choose from ${Object.keys(exercises).join(', ')}`);
  const start = seconds();
  const found = await exercise(wholeOf(input, 'times', { least: 1, most: 1e6, fallback: 1 }));
  printJson({ kind, ...found, seconds: Math.round(10 * (seconds() - start)) / 10 });
  return 0;
}

const exercises: Readonly<Record<string, (times: number) => object | Promise<object>>> = { start, state, drops, steps };

/** A process that starts, computes and ends. */
function start(): object {
  return { sum: tf.tidy(() => tf.sum(tf.ones([8, 8])).dataSync()[0]) };
}

/** Many small tensors as state of short-lived programs: what crashes where JavaScript's memory reaches a session. */
function state(times: number): object {
  const tensors = 60;
  for (let cycle = 0; cycle < times; cycle++) {
    const first = Object.fromEntries(
      Array.from({ length: tensors }, (_, i) => [`t${i}`, upload(new Float32Array(4 + i).fill(i), [4 + i])]),
    );
    const step = compile(
      (s: Tensors) =>
        Object.fromEntries(Object.entries(s).map(([name, t]) => [name, tf.add(t, 1)])) as Record<string, Tensor>,
    );
    const second = step(first);
    const third = step(second);
    const last = third[`t${tensors - 1}`]?.dataSync()[0];
    if (last !== tensors + 1) throw new Error(`cycle ${cycle}: ${String(last)} instead of ${tensors + 1}`);
    step.dispose();
    disposeTree([first, second, third]);
  }
  return { times, ...live() };
}

/** Programs made, run and dropped: nothing may stay. */
function drops(times: number): object {
  const warm = Math.min(100, Math.ceil(times / 2));
  const weights = upload(new Float32Array(64 * 64).fill(0.01), [64, 64]);
  const before = live();
  let [warmMb, cycle] = [0, 0];
  for (; cycle < times; cycle++) {
    const step = compile((x: Tensor) => tf.tanh(tf.matMul(x as tf.Tensor2D, tf.mul(weights, 2) as tf.Tensor2D)));
    const x = upload(new Float32Array(32 * 64).fill(cycle), [32, 64]);
    disposeTree([step(x), x]);
    step.dispose();
    if (cycle === warm) warmMb = residentMb();
  }
  return { times, warm, before, after: live(), ...growth(warmMb) };
}

/** Training steps of a small model. */
async function steps(times: number): Promise<object> {
  const warm = Math.min(200, Math.ceil(times / 2));
  const model = loadBackbone(join(projectRoot(), 'src/model/fixtures/tiny-bert'));
  const method = parseMethod('mam:l=4,r=8');
  const optimizer = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01, clipNorm: 1 };
  const learner = classifierOf(model, method, { dropout: 0.1, labelSmoothing: 0, optimizer });
  const stepper = stepperOf(learner, { optimizer, engine: 'compiled', precision: 'float32' });
  const head = {
    'head.weight': upload(new Float32Array(64).fill(0.02), [32, 2]),
    'head.bias': upload(new Float32Array(2), [2]),
  };
  const step: Steps['step'] = (at, state, constants, tick) => {
    const texts = [{ ids: [5, 6, 7 + ((at + 1) % 80)] }, { ids: [9, 8] }];
    const batch = labelledBatch(uploadBatch(packTogether(texts, { length: 4 })), [0, 1]);
    const next = stepper.step(state, constants, [[batch]], tick);
    disposeTree(batch);
    return next;
  };
  const { variables } = createDelta(method, model.shape, model.weights, 1);
  const loop = new Loop({ seed: 1, optimizer, rateAt: () => 1e-3, step }, startState({ ...variables, ...head }));
  let [warmMb, tensors] = [0, 0];
  for (let i = 1; i <= times; i++) {
    loop.next();
    if (i === warm) {
      warmMb = residentMb();
      tensors = live().tensors;
    }
    if (i % 64 === 0) await new Promise(setImmediate);
  }
  return { times, warm, tensorsThen: tensors, tensorsNow: live().tensors, ...growth(warmMb) };
}

/** Resident memory without what JavaScript merely has not collected yet. */
function residentMb(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage.rss() / 2 ** 20;
}

function growth(warmMb: number): object {
  const endMb = residentMb();
  return {
    warmMb: Math.round(warmMb),
    endMb: Math.round(endMb),
    growthPercent: Math.round(1000 * (endMb / warmMb - 1)) / 10,
  };
}
